"""The commands that ask: what they write, that they wait for the answer, and what they say when there is none."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from controller.kube import lease
from strategies.spec.phase import Phase
from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.rollout.stories import at_step
from tests.rollout.world import World


def _lease(double: Double, *, renewed: timedelta) -> None:
    at = lease.micro_time(datetime.now(UTC) - renewed)
    double.lease = {"metadata": {"resourceVersion": "1"}, "spec": lease.written("pod-1", 10, 0, at, at)}


def test_an_abort_is_answered_with_what_was_done(cluster: Double, run: Run) -> None:
    """The reason goes with it, and the world goes back."""
    said = run("abort", "shop", "--because", "totals are wrong")
    assert said.code == 0
    assert said.out.startswith("prod/shop: abort=totals are wrong is done. Aborted by alice: totals are wrong.")
    assert cluster.world.run().status.phase is Phase.ROLLED_BACK


@pytest.mark.parametrize(("typed", "key", "value"), [
    (["promote"], "promote", "step"), (["promote", "--full"], "promote", "full"), (["rollback"], "rollback", "previous"),
    (["rollback", "--to", "version:1.0.0"], "rollback", "version:1.0.0"), (["revert"], "revert", "true"),
    (["pause"], "pause", "true"), (["pause", "--because", "lunch"], "pause", "lunch"),
])  # fmt: skip
def test_each_command_writes_its_request(cluster: Double, run: Run, typed: list[str], key: str, value: str) -> None:
    """Key and value as the documentation has them; the answer as one JSON document."""
    said = run(*typed, "shop", "-o", "json")
    answer = json.loads(said.out)
    assert (said.code, answer["key"], answer["value"], answer["done"]) == (0, key, value, True)


def test_pause_and_resume_belong_together(cluster: Double, run: Run) -> None:
    """A second pause is refused; resume lets it go on."""
    assert run("pause", "shop").code == 0
    again = run("pause", "shop")
    assert again.code == 1
    assert "pause=true is refused. The release is paused already" in again.err
    assert run("resume", "shop").code == 0
    assert cluster.world.status.phase is Phase.PROGRESSING


def test_a_rejected_template_is_retried(rejected: World, cluster: Double, run: Run) -> None:
    """retry, after a rollback."""
    rejected.broken.clear()
    assert "is done. Another try" in run("retry", "shop").out
    assert rejected.run(at_step(1)).status.trial is not None


def test_a_request_that_makes_no_sense_is_refused_with_what_to_do(cluster: Double, run: Run) -> None:
    """Exit 1, nothing on stdout but what was asked for by a program."""
    said = run("retry", "shop")
    assert (said.code, said.out) == (1, "")
    assert "retry=true is refused. There is nothing to retry while a release is in flight; abort it first." in said.err
    again = run("retry", "shop", "-o", "json")
    assert (again.code, json.loads(again.out)["done"]) == (1, False)


def test_nobody_waits_who_does_not_want_to(cluster: Double, run: Run) -> None:
    """--no-wait ends when the request is written."""
    cluster.answers = False
    said = run("abort", "shop", "--no-wait")
    assert (said.code, said.out.strip()) == (0, "prod/shop: abort=true is asked.")
    assert cluster.annotations == {"release-coordinator.io/abort": "true"}


@pytest.mark.parametrize(("renewed", "words"), [
    (timedelta(seconds=1), "Controller pod-1 leads; it renewed its Lease"),
    (timedelta(minutes=5), "No controller leads: pod-1 renewed its Lease 5m ago, for the last time."),
    (None, "no controller has ever led"),
])  # fmt: skip
def test_without_an_answer_in_time_the_lease_is_looked_at(
    cluster: Double, run: Run, renewed: timedelta | None, words: str
) -> None:
    """Exit 124, and whether a controller is there to answer."""
    cluster.answers = False
    if renewed is not None:
        _lease(cluster, renewed=renewed)
    said = run("promote", "shop", "--timeout", "10ms")
    assert said.code == 124
    assert "was not answered within 10ms. It stays asked." in said.err
    assert words in said.err


def test_whoever_may_not_see_the_lease_is_told_so(cluster: Double, run: Run) -> None:
    """Nothing is guessed."""
    cluster.answers = False
    cluster.refused = {"get leases"}
    assert "cannot be seen: you may not get leases in release-coordinator" in run("promote", "shop", "--timeout", "10ms").err


def test_whoever_may_not_ask_is_told_which_right_is_missing(cluster: Double, run: Run) -> None:
    """RBAC's refusal in words, with the command that shows when it is mended."""
    cluster.refused = {"patch releases"}
    said = run("abort", "shop")
    assert said.code == 1
    assert "You may not patch releases in prod:" in said.err
    assert "`kubectl auth can-i patch releases -n prod`" in said.err


def test_a_release_made_anew_in_between_is_not_asked(cluster: Double, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is for the Release that was seen."""
    from controller.cli.access import Access

    read = Access.release
    other = {"uid": "release-0"}
    monkeypatch.setattr(Access, "release", lambda self, name: {**read(self, name), "metadata": other})
    said = run("abort", "shop")
    assert said.code == 1
    assert "shop was not asked: it was deleted, or made anew" in said.err
    assert cluster.annotations == {}


@pytest.mark.parametrize("typed", [
    ["rollback", "shop", "--to", "yesterday"], ["abort"], ["promote", "shop", "--timeout", "soon"],
])  # fmt: skip
def test_what_cannot_be_understood_is_wrong_usage(cluster: Double, run: Run, typed: list[str]) -> None:
    """Exit 2, before anything is asked."""
    said = run(*typed)
    assert said.code == 2
    assert "Usage:" in said.err
    assert cluster.annotations == {}
