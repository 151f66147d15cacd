"""Gates that compare what both revisions serve: what it means that something breaks."""

from dataclasses import replace
from typing import Any

import pytest

from strategies.analysis.verdict import Unknown, Verdict
from strategies.review.contracts import identity
from strategies.rollout import webhooks
from strategies.spec.phase import Phase
from strategies.spec.status import Evidence
from strategies.world.observation import Differing
from tests.rollout.stories import at_step, in_phase
from tests.rollout.world import World, healthy, make_spec

UID = "release-1"
PREVIEWED: dict[str, Any] = {"strategy": {"type": "BlueGreen", "blueGreen": {"previewDuration": "10m"}}}
"""Whatever a gate says, users meet nothing for a while."""
LOST = "GET /orders: api path removed without deprecation"
NOTHING = Differing(breaking=(), breaks=0, additions=2, at=healthy().now)
BREAKS = Differing(breaking=(LOST,), breaks=1, additions=0, at=healthy().now)
NEVER, LONG_AGO = "2099-12-31", "2020-01-31"


def acceptance(until: str, sentence: str = LOST) -> dict[str, str]:
    """Of a finding, until a day."""
    return {"finding": identity(sentence), "by": "ann", "because": "unused", "until": until}


def in_preview(accepted: tuple[dict[str, str], ...] = (), **parts: Any) -> World:
    """A release before users, whose contracts were not compared yet: 1.0.0 to 2.0.0, unless the spec says otherwise."""
    gate = {"name": "contract", "at": ["before-traffic"], "contract": {"accepted": list(accepted)}}
    world = healthy(make_spec(**PREVIEWED, gates=[gate], **parts))
    world.apply("v2")
    return world.run(at_step(0))


def finds(world: World, answer: Differing | Unknown, versions: tuple[str, str] = ("2.3.0", "2.4.0")) -> Evidence:
    """The gate's evidence after this answer, for a step between these versions."""
    trial, stable = world.status.trial, world.status.stable
    assert trial is not None
    assert stable is not None
    candidate = trial.candidate.model_copy(update={"version": versions[1]})
    world.status = world.status.model_copy(update={"stable": stable.model_copy(update={"version": versions[0]}),
                                                   "trial": trial.model_copy(update={"candidate": candidate})})  # fmt: skip
    world.unknown["told"] = {webhooks.key_of("contract", UID, trial): answer}  # type: ignore[assignment]
    world.turn()
    assert world.status.trial is not None
    return next(e for e in world.status.trial.gates if e.name == "contract")


@pytest.mark.parametrize(("additions", "said"), [(2, "; 2 additions"), (None, "; many additions"), (0, "")])
def test_additions_pass(additions: int | None, said: str) -> None:
    """And are counted, if they can be."""
    found = finds(in_preview(), replace(NOTHING, additions=additions))
    assert found.verdict is Verdict.PASS
    assert found.message == f"nothing breaks{said}"


def test_what_breaks_fails_and_takes_the_release_back_before_users_with_its_path() -> None:
    """With the digits by which it could be accepted, and the versions that do not say so."""
    world = in_preview()
    finds(world, BREAKS)
    world.run(in_phase(Phase.ROLLED_BACK))
    said = world.status.history[-1].message
    assert "breaks for those who rely on stable, and the version (2.3.0 → 2.4.0) does not say so: 1; " in said
    assert f"{LOST} [{identity(LOST)}]" in said


@pytest.mark.parametrize(("versions", "passes"), [
    (("2.3.0", "3.0.0"), True), (("0.3.0", "0.4.0"), True), (("0.3.0", "0.3.1"), False), (("2.3.0", "2.3.1"), False),
    (("main", "dev"), False), (("3.0.0", "2.9.0"), False),
])  # fmt: skip
def test_a_version_that_says_so_may_break(versions: tuple[str, str], passes: bool) -> None:
    """A major one, before 1.0.0 a minor one; what is no semantic version says nothing."""
    found = finds(in_preview(), BREAKS, versions)
    assert (found.verdict is Verdict.PASS) is passes
    assert LOST in found.message


def test_an_acceptance_counts_until_its_day_and_for_its_own_sentence() -> None:
    """Another break beside it fails all the same, and a lapsed one is told as such."""
    assert "accepted by ann until 2099-12-31: unused" in finds(in_preview((acceptance(NEVER),)), BREAKS).message
    other = finds(in_preview((acceptance(NEVER, "another"),)), BREAKS)
    assert other.verdict is Verdict.FAIL
    assert "no longer accepted" not in other.message
    lapsed = finds(in_preview((acceptance(LONG_AGO),)), BREAKS)
    assert lapsed.verdict is Verdict.FAIL
    assert f"[{identity(LOST)}, no longer accepted]" in lapsed.message


def test_what_the_review_of_the_same_change_accepts_is_accepted_here() -> None:
    """The tool is the same, so the digits are."""
    contracts = [{"configMap": "api", "accepted": [acceptance(NEVER)]}]
    assert finds(in_preview(change={"kind": "Feature", "contracts": contracts}), BREAKS).verdict is Verdict.PASS
    other = [{"configMap": "api", "type": "GraphQL", "accepted": [acceptance(NEVER)]}]
    assert finds(in_preview(change={"kind": "Feature", "contracts": other}), BREAKS).verdict is Verdict.FAIL


def test_breaks_beyond_those_that_were_kept_are_never_accepted() -> None:
    """Who accepts the first one has not seen the others."""
    found = finds(in_preview((acceptance(NEVER),)), replace(BREAKS, breaks=101))
    assert found.verdict is Verdict.FAIL
    assert "does not say so: 100; and 100 more" in found.message


def test_many_breaks_fit_into_a_status() -> None:
    """As many as there is room for, and how many more."""
    many = tuple(f"GET /{'long' * 20}/{number}: removed" for number in range(90))
    found = finds(in_preview(), Differing(breaking=many, breaks=90, additions=0, at=healthy().now))
    assert many[0] in found.message
    assert found.message.endswith(" more")
    assert len(found.message) <= 1024


def test_what_could_not_be_compared_waits_and_says_how_to_go_on() -> None:
    """It is neither a pass nor a failure."""
    found = finds(in_preview(), Unknown(reason="NotServed", message="pod a (stable) answers 404"))
    assert (found.verdict, found.reason) == (Verdict.INCONCLUSIVE, "NotServed")
    assert found.message == "pod a (stable) answers 404; it is tried again, promote=step goes on without it"
