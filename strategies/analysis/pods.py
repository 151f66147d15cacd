"""The gate that is always on: do the candidate's pods run? A crashing candidate fails in seconds, not at the deadline.

What Kubernetes says about a pod is final in some cases and may pass in others; the tables below say which. Nothing here
looks at a metric, and stable's pods are none of this gate's business.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from strategies.analysis.verdict import Verdict

# The container cannot start, whatever is retried: the spec, a name or a key in it is wrong, or it crashes again and
# again. (CrashLoopBackOff stands here because Kubernetes says it only after a second crash.)
FINAL_WAITING = frozenset({
    "CrashLoopBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError",
    "RunContainerError", "ImageInspectError",
})  # fmt: skip
# A pull failed. Kubernetes says so after a single try, in which a registry may just have hiccuped: believed only when
# it has lasted for `pull_patience`. ImagePullBackOff soon follows ErrImagePull, and says no more than it.
PULL_WAITING = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "SignatureValidationFailed"})
# 126 and 127: the command cannot be run, or is not there. StartError, ContainerCannotRun: the same, from the runtime.
FINAL_EXIT_CODES = frozenset({126, 127})
FINAL_TERMINATED = frozenset({"OOMKilled", "StartError", "ContainerCannotRun"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PodHealth:
    """One pod, as its status tells. Waiting and terminated are of the container in the worst state; "", None: not so.

    `restarts` is the highest count of its containers; `terminated_*` the present state, else the last one.
    """

    name: str
    ready: bool
    phase: str
    restarts: int = 0
    waiting_reason: str = ""
    waiting_message: str = ""
    terminated_exit_code: int | None = None
    terminated_reason: str = ""
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PodTolerance:
    """How much is forgiven: a pod fails at its `restarts`-th restart, a pull when it failed for `pull_patience`."""

    restarts: int = 2
    pull_patience: timedelta = timedelta(seconds=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEvidence:
    """What was seen. `pulls_failing` keeps, for each pod, since when its image cannot be pulled: hand it back in."""

    ready: int = 0
    wanted: int = 0
    failing: tuple[str, ...] = ()
    pulls_failing: tuple[tuple[str, datetime], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PodJudgement:
    """The gate's answer; `reason` is one CamelCase word, `message` a sentence for people.

    `again_at`: look again then even if nothing is reported, because time alone may change the answer.
    """

    verdict: Verdict
    reason: str
    message: str
    evidence: PodEvidence
    again_at: datetime | None = None


def judge_pods(
    pods: tuple[PodHealth, ...],
    *,
    wanted: int,
    now: datetime,
    earlier: PodEvidence | None = None,
    tolerance: PodTolerance | None = None,
) -> PodJudgement:
    """Judge the candidate's pods. The same pods in another order give the same judgement."""
    tolerance = tolerance or PodTolerance()
    pods = tuple(sorted(pods, key=lambda pod: pod.name))
    known = dict(earlier.pulls_failing) if earlier else {}
    pulls = tuple((pod.name, known.get(pod.name, now)) for pod in pods if pod.waiting_reason in PULL_WAITING)
    believed = {name for name, since in pulls if now - since >= tolerance.pull_patience}
    failing = [(pod, found) for pod in pods if (found := _failure(pod, tolerance, pull_believed=pod.name in believed))]
    ready = sum(pod.ready for pod in pods)
    evidence = PodEvidence(ready=ready, wanted=wanted, failing=tuple(pod.name for pod, _ in failing), pulls_failing=pulls)
    if failing:
        (reason, sentence), others = failing[0][1], len(failing) - 1
        message = sentence + (f" ({others} more of its pods fail too)" if others else "")
        return PodJudgement(verdict=Verdict.FAIL, reason=reason, message=message, evidence=evidence)
    if ready >= wanted > 0:
        message = f"all {wanted} pods ready" if wanted > 1 else "the pod is ready"
        return PodJudgement(verdict=Verdict.PASS, reason="AllReady", message=message, evidence=evidence)
    message = _missing(pods, ready, wanted)
    oldest = min((since for _, since in pulls), default=None)
    return PodJudgement(
        verdict=Verdict.INCONCLUSIVE,
        reason="NotReady",
        message=message,
        evidence=evidence,
        again_at=None if oldest is None else oldest + tolerance.pull_patience,
    )


def _failure(pod: PodHealth, tolerance: PodTolerance, *, pull_believed: bool) -> tuple[str, str] | None:
    """The reason and the sentence of what is wrong for good with this pod; None if nothing is."""
    checks = (
        # Killed for its memory, or a command that cannot run: the next try will end the same way.
        (pod.terminated_reason in FINAL_TERMINATED, pod.terminated_reason, "has ended"),
        (pod.terminated_exit_code in FINAL_EXIT_CODES, "CannotRun", "cannot run its command"),
        # Kubernetes itself says that it goes on crashing, or cannot start.
        (pod.waiting_reason in FINAL_WAITING, pod.waiting_reason, f"cannot start: {pod.waiting_reason}"),
        # Long enough to be no hiccup of the registry.
        (pull_believed, pod.waiting_reason, f"cannot get its image: {pod.waiting_reason}"),
        # Crashes that Kubernetes has not yet called a loop, because they are further apart.
        (pod.restarts >= tolerance.restarts, "Restarts", f"has restarted {pod.restarts} times"),
        # It will not be started again.
        (pod.phase == "Failed", "PodFailed", "has failed"),
    )
    for is_so, reason, what in checks:
        if is_so:
            detail = "".join((_exit(pod), _said(pod)))
            return reason, f"{pod.name} {what}{detail}"
    return None


def _exit(pod: PodHealth) -> str:
    named = f" ({pod.terminated_reason})" if pod.terminated_reason not in ("", "Error", "Completed") else ""
    return "" if pod.terminated_exit_code is None else f", exit code {pod.terminated_exit_code}{named}"


def _said(pod: PodHealth) -> str:
    said = " ".join(pod.waiting_message.split())
    return f": {said[:199]}{'…' if len(said) > 199 else ''}" if said else ""


def _missing(pods: tuple[PodHealth, ...], ready: int, wanted: int) -> str:
    """What is still to come, naming the first pod that is not ready."""
    count = f"{ready} of {wanted} pods ready"
    late = next((pod for pod in pods if not pod.ready), None)
    if late is None:
        return f"{count}; {wanted - len(pods)} not created yet" if wanted else "no pods are wanted yet"
    if late.waiting_reason:
        return f"{count}; {late.name} is waiting: {late.waiting_reason}{_said(late)}"
    if late.terminated_exit_code not in (None, 0):
        return f"{count}; {late.name} ended once{_exit(late)}, and is tried again"
    if late.phase == "Running":
        return f"{count}; {late.name} runs, but its readiness probe does not pass yet"
    return f"{count}; {late.name} is {late.phase}"
