"""Which phase leads where, and by what. The diagram in the docs is drawn from this table, and a test holds `decide` to it.

A phase says what is shown; what is done follows from the whole status.
"""

from strategies.spec.phase import Phase
from strategies.spec.reason import Reason

MOVING = frozenset({Phase.PROGRESSING, Phase.WAITING, Phase.PAUSED, Phase.AWAITING_APPROVAL, Phase.BAKING})
"""Phases with a candidate on trial that is not being undone."""

IN_STEP = frozenset({Phase.PROGRESSING, Phase.WAITING, Phase.PAUSED, Phase.AWAITING_APPROVAL})

TRANSITIONS: dict[Phase, dict[str, Phase]] = {
    Phase.INITIALIZING: {
        "claimed and held": Phase.HEALTHY,
        "cannot be claimed": Phase.BLOCKED,
    },
    Phase.HEALTHY: {
        "new template": Phase.PROGRESSING,
        "rejected template": Phase.ROLLED_BACK,
        "cannot start": Phase.BLOCKED,
        "no replicas": Phase.WAITING,
    },
    Phase.BLOCKED: {
        "obstacle gone": Phase.HEALTHY,
        "new template": Phase.PROGRESSING,
        "rejected template": Phase.ROLLED_BACK,
        "no replicas": Phase.WAITING,
        "not claimed yet": Phase.INITIALIZING,
    },
    Phase.PROGRESSING: {
        "next step": Phase.PROGRESSING,
        "gate cannot tell": Phase.WAITING,
        "approval": Phase.AWAITING_APPROVAL,
        "pause": Phase.PAUSED,
        "all traffic": Phase.BAKING,
        "last batch passed": Phase.COMPLETING,
        "undo": Phase.ROLLING_BACK,
    },
    Phase.WAITING: {
        "gates pass": Phase.PROGRESSING,
        "approval": Phase.AWAITING_APPROVAL,
        "pause": Phase.PAUSED,
        "all traffic": Phase.BAKING,
        "last batch passed": Phase.COMPLETING,
        "undo": Phase.ROLLING_BACK,
        "new template": Phase.PROGRESSING,
        "at rest": Phase.HEALTHY,
        "rejected template": Phase.ROLLED_BACK,
        "cannot start": Phase.BLOCKED,
    },
    Phase.PAUSED: {
        "resume": Phase.PROGRESSING,
        "promote": Phase.PROGRESSING,
        "resume in bake": Phase.BAKING,
        "promote in bake": Phase.COMPLETING,
        "undo": Phase.ROLLING_BACK,
    },
    Phase.AWAITING_APPROVAL: {
        "promote": Phase.PROGRESSING,
        "gate cannot tell": Phase.WAITING,
        "pause": Phase.PAUSED,
        "all traffic": Phase.BAKING,
        "bake approved": Phase.COMPLETING,
        "undo": Phase.ROLLING_BACK,
    },
    Phase.BAKING: {
        "bake passed": Phase.COMPLETING,
        "gate cannot tell": Phase.WAITING,
        "approval": Phase.AWAITING_APPROVAL,
        "pause": Phase.PAUSED,
        "undo": Phase.ROLLING_BACK,
    },
    Phase.COMPLETING: {
        "wheel given back": Phase.HEALTHY,
        "new template": Phase.PROGRESSING,
        "rejected template": Phase.ROLLED_BACK,
        "no replicas": Phase.WAITING,
        "cannot start": Phase.BLOCKED,
    },
    Phase.ROLLING_BACK: {
        "undone, rejected": Phase.ROLLED_BACK,
        "undone, template is stable's": Phase.HEALTHY,
        "undone, new template": Phase.PROGRESSING,
        "undone, no replicas": Phase.WAITING,
        "undone, cannot start": Phase.BLOCKED,
    },
    Phase.ROLLED_BACK: {
        "retry or new template": Phase.PROGRESSING,
        "template is stable's": Phase.HEALTHY,
        "cannot start": Phase.BLOCKED,
        "no replicas": Phase.WAITING,
    },
    Phase.INVALID: {
        "spec corrected": Phase.HEALTHY,
        "spec corrected, not adopted yet": Phase.INITIALIZING,
    },
    Phase.WORKLOAD_MISSING: {"Deployment created": Phase.INITIALIZING},
}

ANYWHERE: dict[Reason, Phase] = {
    Reason.SPEC_INVALID: Phase.INVALID,
    Reason.WORKLOAD_NOT_FOUND: Phase.WORKLOAD_MISSING,
    Reason.WORKLOAD_RECREATED: Phase.INITIALIZING,
    Reason.NATIVE_ROLLOUT: Phase.INITIALIZING,
    Reason.RELEASE_DELETED: Phase.INITIALIZING,
    Reason.BREAK_GLASS: Phase.BLOCKED,
    Reason.RECORD_LOST: Phase.ROLLING_BACK,
}
"""Where any phase may lead to, by reason: what people do to a Deployment or a Release does not wait for a phase."""


def allowed(old: Phase, new: Phase, reason: Reason) -> bool:
    """Whether the table knows the way."""
    return old == new or ANYWHERE.get(reason) is new or new in TRANSITIONS[old].values()
