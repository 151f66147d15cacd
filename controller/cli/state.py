"""What a Release's status means to a script: at rest and well, failed, or under way. Pure.

A change that has been made but not yet taken up counts as under way, or a script that has just applied one would read the
end of the release before.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controller.api import names
from controller.cli.answers import Exit
from controller.reconcile import commit
from controller.workloads import template
from strategies.rollout.requests import KEYS
from strategies.spec.phase import Phase
from strategies.spec.status import Outcome, Status

Object = dict[str, Any]
_FAILED = frozenset({Phase.INVALID, Phase.WORKLOAD_MISSING, Phase.BLOCKED, Phase.ROLLED_BACK})


class State(StrEnum):
    """What a script asks for."""

    HEALTHY = "Healthy"
    FAILED = "Failed"
    IN_PROGRESS = "InProgress"


EXITS = {State.HEALTHY: Exit.OK, State.FAILED: Exit.FAILED, State.IN_PROGRESS: Exit.IN_PROGRESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A Release's state, and why in a sentence. `completed`: the last release, if there was one, went through."""

    state: State
    message: str
    completed: bool
    status: Status


def judge(release: Object, deployment: Object | None) -> Judgement:
    """The state of a Release. `deployment` is its Deployment, as far as it was needed and could be read."""
    status, _ = commit.read(release)
    state, message = _state(release, status, deployment)
    went_through = not status.history or status.history[-1].outcome is Outcome.COMPLETED
    return Judgement(state=state, message=message, completed=state is State.HEALTHY and went_through, status=status)


def needs_deployment(release: Object) -> bool:
    """Whether only the Deployment can tell that nothing new is waiting."""
    status, _ = commit.read(release)
    return status.phase in (Phase.HEALTHY, Phase.ROLLED_BACK) and _in_flight(release, status) is None


def _state(release: Object, status: Status, deployment: Object | None) -> tuple[State, str]:
    waiting = _in_flight(release, status)
    if waiting is not None:
        return State.IN_PROGRESS, waiting
    if status.phase in (Phase.HEALTHY, Phase.ROLLED_BACK) and deployment is not None and _new_template(status, deployment):
        return State.IN_PROGRESS, "A changed template is held and has not been taken up yet."
    return State.FAILED if status.phase in _FAILED else State.HEALTHY, status.message


def _in_flight(release: Object, status: Status) -> str | None:
    """Why the Release is under way, by itself; None when it is at rest."""
    metadata = release["metadata"]
    if not release.get("status"):
        return "The Release is new and has not been taken up yet."
    if status.observed_generation < metadata.get("generation", 0):
        return "The newest spec has not been taken up yet."
    asked = [key for key in KEYS if f"{names.GROUP}/{key}" in (metadata.get("annotations") or {})]
    if asked:
        return f"The request {asked[0]} has not been answered yet."
    if status.trial or status.retiring or status.restoring:
        return status.message
    return None if status.phase in _FAILED | {Phase.HEALTHY} else status.message


def _new_template(status: Status, deployment: Object) -> bool:
    """Whether a template is held that the status knows nothing of."""
    metadata = deployment["metadata"]
    if names.HELD not in (metadata.get("labels") or {}):
        return False
    digest = template.view(deployment["spec"]["template"], None, None).digest
    known = [(rejected.digest, rejected.generation) for rejected in status.rejected]
    if status.stable is not None:
        known.append((status.stable.digest, status.stable.generation))
    return all(digest != known_digest and metadata.get("generation") != generation for known_digest, generation in known)
