"""The chain of decisions: the first check that speaks decides what happens.

Each check looks at one Turn and answers with the next status or None. CHECKS is the order; nothing else orders them.
"""

from collections.abc import Callable

from strategies.rollout import lifecycle, mending, progress, requests, rest
from strategies.rollout.order import Pending
from strategies.rollout.turn import Turn
from strategies.spec.status import Status

Check = Callable[[Turn, Pending], Status | None]

CHECKS: tuple[tuple[Check, str], ...] = (
    (mending.misnamed, "the status names what is there by its names"),
    (lifecycle.workload_recreated, "the Deployment is the one we know"),
    (lifecycle.workload_missing, "the Deployment exists"),
    (lifecycle.release_deleted, "the Release is not being deleted"),
    (lifecycle.left, "we are not leaving"),
    (lifecycle.glass_broken, "the Deployment is in our hands"),
    (lifecycle.traces_gone, "nothing of a Deployment that went away is left"),
    (lifecycle.spec_invalid, "the spec can be carried out"),
    (lifecycle.initializing, "the stable revision is recorded and changes are held"),
    (mending.record_lost, "the status names every revision that has pods of ours"),
    (lifecycle.policy_missing, "the admission policies work"),
    (requests.answer, "no request waits for an answer"),
    (progress.migrated, "migrations are where the status has them"),
    (progress.template_left, "the Deployment's template is the candidate's"),
    (progress.webhook_changed, "the candidate has the template it was made from"),
    (progress.scaled_to_zero, "there are replicas"),
    (progress.gate_failed, "no gate has failed"),
    (progress.alert_fired, "no alert that the Release names has fired"),
    (progress.deadline, "the candidate's pods become ready in time"),
    (progress.not_back, "a rehearsal's traffic comes back in time"),
    (progress.unprotected, "stable has ready pods"),
    (progress.reached, "the step is still on its way"),
    (progress.inconclusive_too_long, "gates can tell, or have time"),
    (progress.next_step, "the step is not over"),
    (rest.undone, "nothing is left to undo"),
    (rest.completed, "nothing is left to wind up"),
    (rest.at_rest, "no new template waits"),
)
"""The order of decisions: each check with what holds when it is silent."""
