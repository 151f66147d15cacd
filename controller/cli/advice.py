"""What a person can do in each phase: the commands, exactly as they are typed. Tables; a phase without one is a mistake."""

from dataclasses import dataclass

from controller.cli.view import condition
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A command, and what it does."""

    command: str
    effect: str


_HELM = ("helm upgrade --install release-coordinator charts/release-coordinator -n release-coordinator",
         "puts the chart's admission policies back")  # fmt: skip
_APPLY = ("kubectl set image deployment/{workload} CONTAINER=IMAGE -n {namespace}", "starts the next release")
_WATCH = ("releasectl watch {name} -n {namespace}", "follows it")
_ABORT = ("releasectl abort {name} -n {namespace}", "takes it back to stable, and rejects the revision")
_STEP = ("releasectl promote {name} -n {namespace}", "goes on to the next step now, whatever its time and its gates say")
_FULL = ("releasectl promote --full {name} -n {namespace}", "gives the candidate all traffic at once")
_PAUSE = ("releasectl pause {name} -n {namespace}", "stays at this step")
_RESUME = ("releasectl resume {name} -n {namespace}", "lets it go on, and counts maxInconclusive anew")
_REVERT = ("releasectl revert {name} -n {namespace}", "writes stable's template back; revert it in Git, too")
_EDIT = ("kubectl edit release {name} -n {namespace}", "corrects the spec")

_OVERRIDE = ("releasectl override {name} -n {namespace} --because WHY",
             "lets it go out all the same, if you are in the break-glass group; your name and reason are kept")  # fmt: skip

Lines = tuple[tuple[str, str], ...]
PHASES: dict[Phase, Lines] = {
    Phase.HEALTHY: (
        _APPLY,
        ("releasectl rollback {name} -n {namespace}", "goes back to the revision before; `releasectl history` lists them"),
    ),
    Phase.PROGRESSING: (_WATCH, _ABORT, _STEP, _FULL, _PAUSE),
    Phase.WAITING: (_WATCH, _ABORT, _STEP, _FULL, _PAUSE),
    Phase.PAUSED: (_RESUME, _STEP, _FULL, _ABORT),
    Phase.AWAITING_APPROVAL: (
        ("releasectl promote {name} -n {namespace}", "approves: goes on to the next step"),
        _ABORT,
        _FULL,
    ),
    Phase.BAKING: (
        _WATCH,
        _ABORT,
        ("releasectl promote {name} -n {namespace}", "ends the bake now: the candidate becomes stable"),
        _PAUSE,
    ),
    Phase.COMPLETING: (_WATCH,),
    Phase.ROLLING_BACK: (_WATCH, _REVERT),
    Phase.ROLLED_BACK: (
        ("kubectl set image deployment/{workload} CONTAINER=IMAGE -n {namespace}", "goes out instead of the rejected template"),
        _REVERT,
        ("releasectl retry {name} -n {namespace}", "starts the rejected template again, at the first step"),
    ),
    Phase.BLOCKED: (
        _EDIT,
        ("releasectl revert {name} -n {namespace}", "gives the held change up: writes stable's template back"),
    ),
    Phase.INITIALIZING: (("kubectl rollout status deployment/{workload} -n {namespace}", "waits for Kubernetes' own rollout"),),
    Phase.INVALID: (_EDIT,),
    Phase.WORKLOAD_MISSING: (
        ("kubectl get deployments -n {namespace}", "shows what there is; create {workload}"),
        ("kubectl delete release {name} -n {namespace}", "removes the Release"),
    ),
}
REASONS: dict[Reason, Lines] = {
    Reason.POLICY_MISSING: (_HELM,),
    Reason.HOLD_NOT_ACTIVE: (_HELM,),
    Reason.PAUSED_BY_USER: (("kubectl rollout resume deployment/{workload} -n {namespace}", "lets the Release start"),),
    Reason.BREAK_GLASS: (
        ("kubectl label deployment {workload} release-coordinator.io/release={name} -n {namespace} "
         "--as=$USER --as-group=release-coordinator:break-glass", "puts it back into the Release's hands"),
    ),
    Reason.SCALED_TO_ZERO: (("kubectl scale deployment/{workload} --replicas=N -n {namespace}", "lets the change go out"),),
    Reason.WORKLOAD_TAKEN: (("kubectl delete release {name} -n {namespace}", "leaves the Deployment to the other Release"),),
    Reason.REQUIREMENT_UNMET: (
        ("releasectl review {name} -n {namespace}", "shows the review with all its evidence"),
        ("kubectl get releasepolicies -o yaml", "shows what is required"),
        _OVERRIDE,
        *PHASES[Phase.BLOCKED],
    ),
    Reason.FROZEN: (("kubectl get releasepolicies", "shows the freezes"), _OVERRIDE, *PHASES[Phase.BLOCKED]),
    Reason.QUEUED: (("kubectl get releases -A", "shows which are on their way"), _OVERRIDE, *PHASES[Phase.BLOCKED]),
    Reason.IN_TRAIN: (("releasectl train -n {namespace}", "shows the trains"), *PHASES[Phase.BLOCKED][1:]),
    Reason.TRAIN_GONE: (("releasectl retry {name} -n {namespace}", "lets the change go by itself"), *PHASES[Phase.BLOCKED][1:]),
    Reason.GATE_UNUSABLE: (("kubectl get metricsources", "shows which sources gates may name"), *PHASES[Phase.BLOCKED]),
    Reason.NO_HISTORY: (
        ("kubectl patch deployment {workload} -n {namespace} --type=merge -p '{{\"spec\":{{\"revisionHistoryLimit\":10}}}}'",
         "lets Kubernetes keep the revision to return to"),
    ),
}  # fmt: skip
"""Where the reason says more than the phase."""


def advice(status: Status, namespace: str, name: str, workload: str) -> tuple[Advice, ...]:
    """The commands for where the Release is."""
    lines = REASONS.get(status.reason, PHASES[status.phase])
    way_back = condition(status, "RollbackReady")
    if status.phase is Phase.HEALTHY and (way_back is None or way_back.status != "True"):
        lines = (_APPLY,)  # There is no earlier revision yet.
    known = {"namespace": namespace, "name": name, "workload": workload}
    return tuple(Advice(command=command.format(**known), effect=effect.format(**known)) for command, effect in lines)
