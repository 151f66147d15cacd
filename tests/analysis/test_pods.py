"""Pod health: what fails at once, what is waited for, and in which words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from strategies.analysis.pods import PodHealth, PodJudgement, PodTolerance, judge_pods
from strategies.analysis.verdict import Verdict

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = PodHealth(name="checkout-7c9b-aaaaa", ready=True, phase="Running", created=NOW)
LATE = replace(GOOD, name="checkout-7c9b-bbbbb", ready=False)


def late(**changed: object) -> PodHealth:
    """Give the late pod with other fields."""
    return replace(LATE, **changed)  # type: ignore[arg-type]


CASES: dict[str, tuple[tuple[PodHealth, ...], Verdict, str, str]] = {
    "a crash loop fails and names the exit code": (
        (
            GOOD,
            late(
                waiting_reason="CrashLoopBackOff",
                waiting_message="back-off 10s restarting\nfailed container",
                restarts=1,
                terminated_exit_code=3,
                terminated_reason="Error",
            ),
        ),
        Verdict.FAIL,
        "CrashLoopBackOff",
        "checkout-7c9b-bbbbb cannot start: CrashLoopBackOff, exit code 3: back-off 10s restarting failed container",
    ),
    "two restarts fail although the pod is ready again": (
        (replace(GOOD, restarts=2, terminated_exit_code=1),),
        Verdict.FAIL,
        "Restarts",
        "checkout-7c9b-aaaaa has restarted 2 times, exit code 1",
    ),
    "one restart is forgiven": (
        (replace(GOOD, restarts=1, terminated_exit_code=1), replace(GOOD, name="b"), replace(GOOD, name="c")),
        Verdict.PASS,
        "AllReady",
        "all 3 pods ready",
    ),
    "one exit is forgiven while it is tried again": (
        (GOOD, late(terminated_exit_code=1, terminated_reason="Error")),
        Verdict.INCONCLUSIVE,
        "NotReady",
        "1 of 3 pods ready; checkout-7c9b-bbbbb ended once, exit code 1, and is tried again",
    ),
    "out of memory fails the first time": (
        (late(terminated_exit_code=137, terminated_reason="OOMKilled"),),
        Verdict.FAIL,
        "OOMKilled",
        "checkout-7c9b-bbbbb has ended, exit code 137 (OOMKilled)",
    ),
    "a command that is not there fails the first time": (
        (late(terminated_exit_code=127, terminated_reason="Error"),),
        Verdict.FAIL,
        "CannotRun",
        "checkout-7c9b-bbbbb cannot run its command, exit code 127",
    ),
    "a wrong image name fails at once": (
        (late(waiting_reason="InvalidImageName", waiting_message='Failed to apply default image tag "A:B:C"'),),
        Verdict.FAIL,
        "InvalidImageName",
        'checkout-7c9b-bbbbb cannot start: InvalidImageName: Failed to apply default image tag "A:B:C"',
    ),
    "a missing ConfigMap fails at once": (
        (late(waiting_reason="CreateContainerConfigError", waiting_message='configmap "x" not found'),),
        Verdict.FAIL,
        "CreateContainerConfigError",
        'checkout-7c9b-bbbbb cannot start: CreateContainerConfigError: configmap "x" not found',
    ),
    "a failed pod fails": (
        (late(phase="Failed", terminated_exit_code=1),),
        Verdict.FAIL,
        "PodFailed",
        "checkout-7c9b-bbbbb has failed, exit code 1",
    ),
    "a first failed pull is waited for": (
        (GOOD, late(waiting_reason="ErrImagePull")),
        Verdict.INCONCLUSIVE,
        "NotReady",
        "1 of 3 pods ready; checkout-7c9b-bbbbb is waiting: ErrImagePull",
    ),
    "all ready passes": (
        (GOOD, replace(GOOD, name="b"), replace(GOOD, name="c")),
        Verdict.PASS,
        "AllReady",
        "all 3 pods ready",
    ),
    "a pod in excess that is not ready does not matter": (
        (GOOD, LATE, replace(GOOD, name="b"), replace(GOOD, name="c")),
        Verdict.PASS,
        "AllReady",
        "all 3 pods ready",
    ),
    "a starting pod is waited for": (
        (GOOD, replace(GOOD, name="b"), late(phase="Pending", waiting_reason="ContainerCreating")),
        Verdict.INCONCLUSIVE,
        "NotReady",
        "2 of 3 pods ready; checkout-7c9b-bbbbb is waiting: ContainerCreating",
    ),
    "a pod without a node is waited for": (
        (late(phase="Pending"),),
        Verdict.INCONCLUSIVE,
        "NotReady",
        "0 of 3 pods ready; checkout-7c9b-bbbbb is Pending",
    ),
    "a probe that does not pass is waited for": (
        (LATE,),
        Verdict.INCONCLUSIVE,
        "NotReady",
        "0 of 3 pods ready; checkout-7c9b-bbbbb runs, but its readiness probe does not pass yet",
    ),
    "pods that are not there yet are waited for": (
        (GOOD,),
        Verdict.INCONCLUSIVE,
        "NotReady",
        "1 of 3 pods ready; 2 not created yet",
    ),
}


@pytest.mark.parametrize(("pods", "verdict", "reason", "message"), CASES.values(), ids=CASES)
def test_pods(pods: tuple[PodHealth, ...], verdict: Verdict, reason: str, message: str) -> None:
    """The sentence of each case holds, in whatever order the pods are listed."""
    judged = judge_pods(pods, wanted=3, now=NOW)
    assert (judged.verdict, judged.reason, judged.message) == (verdict, reason, message)
    assert judge_pods(pods[::-1], wanted=3, now=NOW) == judged


def test_no_pods_wanted_is_no_pass() -> None:
    """Nothing that runs proves nothing."""
    judged = judge_pods((), wanted=0, now=NOW)
    assert (judged.verdict, judged.message) == (Verdict.INCONCLUSIVE, "no pods are wanted yet")


def test_several_failing_pods_are_counted() -> None:
    """One pod is named, the others are counted, and all stand in the evidence."""
    bad = late(waiting_reason="InvalidImageName")
    judged = judge_pods((bad, replace(bad, name="checkout-7c9b-ccccc"), GOOD), wanted=3, now=NOW)
    assert judged.message == "checkout-7c9b-bbbbb cannot start: InvalidImageName (1 more of its pods fail too)"
    assert judged.evidence.failing == ("checkout-7c9b-bbbbb", "checkout-7c9b-ccccc")


def after(seconds: float, reason: str, earlier: PodJudgement | None = None) -> PodJudgement:
    """Judge a pod that waits for this reason, so many seconds later."""
    now = NOW + timedelta(seconds=seconds)
    evidence = earlier.evidence if earlier else None
    return judge_pods((late(waiting_reason=reason),), wanted=1, now=now, earlier=evidence)


def test_a_failing_pull_is_believed_after_three_seconds() -> None:
    """A hiccup of the registry rejects nothing within a second; a pull that goes on failing does, in a few."""
    first = after(0, "ErrImagePull")
    second = after(1, "ImagePullBackOff", first)
    assert (first.verdict, second.verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    assert second.again_at == NOW + timedelta(seconds=3)
    third = after(3, "ImagePullBackOff", second)
    assert (third.verdict, third.message) == (
        Verdict.FAIL,
        "checkout-7c9b-bbbbb cannot get its image: ImagePullBackOff",
    )


def test_a_pull_that_went_well_in_between_starts_anew() -> None:
    """The patience is for one row of failures."""
    between = after(2, "ContainerCreating", after(0, "ErrImagePull"))
    assert after(4, "ErrImagePull", between).verdict is Verdict.INCONCLUSIVE


def test_tolerance_is_configurable() -> None:
    """More restarts can be forgiven, and a failed pull can be believed at once."""
    pod = replace(GOOD, restarts=2)
    assert judge_pods((pod,), wanted=1, now=NOW, tolerance=PodTolerance(restarts=3)).verdict is Verdict.PASS
    hasty = PodTolerance(pull_patience=timedelta(0))
    pull = late(waiting_reason="ErrImagePull")
    assert judge_pods((pull,), wanted=1, now=NOW, tolerance=hasty).verdict is Verdict.FAIL


def test_a_long_message_is_cut() -> None:
    """A status must not grow with what a registry says."""
    judged = judge_pods((late(waiting_reason="InvalidImageName", waiting_message="x" * 9000),), wanted=1, now=NOW)
    assert len(judged.message) < 300
