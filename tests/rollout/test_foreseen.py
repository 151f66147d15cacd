"""Which steps are too short for a gate that compares, and which duration or weight would do."""

from datetime import timedelta
from typing import Any

import pytest

from strategies.analysis.feasibility import Traffic
from strategies.analysis.verdict import Unknown
from strategies.review.judge import examine
from strategies.review.subject import Subject
from strategies.rollout.foreseen import Blind, blind, informed, told
from strategies.spec.base import format_duration
from strategies.spec.release import ReleaseSpec

BUSY, QUIET, HOPELESS = (Traffic(rate=rate, bad=bad) for rate, bad in ((500, 0.01), (5, 0.01), (0.05, 0.0001)))
RATIO: dict[str, Any] = {"bad": "bad_total", "total": "all_total"}


def spec(weight: int = 5, duration: str = "5m", *, routed: bool = True, gates: tuple[dict[str, Any], ...] = ()) -> ReleaseSpec:
    """A canary with one step before the last."""
    asked = gates or ({"name": "errors", "ratio": RATIO},)
    steps = [{"weight": weight, "duration": duration}, {"weight": 100}]
    traffic = {"traffic": {"httpRoute": {"name": "web"}}} if routed else {}
    return ReleaseSpec.model_validate(
        {"workloadRef": {"name": "web"}, "strategy": {"canary": {"steps": steps}}, "gates": asked, **traffic}
    )


def found(traffic: Traffic, weight: int = 5, duration: str = "5m", **how: Any) -> list[Blind]:
    """Steps in which the gate would see nothing."""
    return list(blind(spec(weight, duration, **how), 10, {"errors": traffic}))


def test_a_busy_service_needs_no_more_than_it_has() -> None:
    """Nothing is said of a step that is long enough."""
    assert found(BUSY) == []


@pytest.mark.parametrize("traffic", [QUIET, Traffic(rate=50, bad=0.002), Traffic(rate=20, bad=0.2)])
@pytest.mark.parametrize("form", ["ratio", "latency"])
def test_the_duration_and_the_weight_that_are_named_would_do_each_by_itself(traffic: Traffic, form: str) -> None:
    """And not much less would; a candidate twice as bad is meant, as in the text while a release runs."""
    asked = RATIO if form == "ratio" else {"histogram": "seconds_bucket", "threshold": 0.3}
    gates = ({"name": "errors", form: asked},)
    (one,) = found(traffic, 2, "3m", gates=gates)
    assert (one.number, one.step.weight, one.times) == (1, 2, 2.0)
    assert one.duration is not None
    assert found(traffic, 2, format_duration(one.duration), gates=gates) == []
    assert found(traffic, 2, format_duration(one.duration - timedelta(minutes=3)), gates=gates)
    if one.weight is not None:
        assert found(traffic, one.weight, "3m", gates=gates) == []
        assert found(traffic, one.weight - 1, "3m", gates=gates)


def test_what_could_not_be_seen_in_a_day_or_by_half_of_the_traffic_is_said() -> None:
    """No number is made up."""
    (one,) = found(HOPELESS)
    assert (one.duration, one.weight) == (None, None)


def test_a_step_that_ends_before_a_window_can_be_read_has_no_weight_that_would_do() -> None:
    """Interval and delay are part of what it takes."""
    (one,) = found(BUSY, duration="40s")
    assert one.weight is None
    assert one.duration is not None and one.duration > timedelta(seconds=50)


def test_the_share_without_a_router_is_that_of_the_pods() -> None:
    """5 % of ten pods is one of eleven."""
    (one,) = found(QUIET, routed=False)
    assert one.step.weight == 9


def test_only_gates_that_compare_in_this_step_and_whose_traffic_is_known_are_foreseen() -> None:
    """A gate that is asked in the bake alone, a threshold, and one without traffic say nothing."""
    gates = ({"name": "errors", "ratio": {**RATIO, "max": 0.1}, "at": ["bake"]},
             {"name": "up", "threshold": {"query": "up", "max": 1}},
             {"name": "unknown", "ratio": RATIO})  # fmt: skip
    assert list(blind(spec(gates=gates), 10, {"errors": QUIET, "up": QUIET})) == []


def test_gates_share_the_error_budget_so_that_each_needs_longer() -> None:
    """With two of them, each fails at twice the evidence."""
    one, two = ({"name": name, "ratio": RATIO} for name in ("errors", "more"))
    (alone,) = found(QUIET, gates=(one,))
    (shared,) = found(QUIET, gates=(one, two))
    assert alone.duration is not None and shared.duration is not None
    assert shared.duration > alone.duration


def test_a_review_is_told_of_each_gate_what_it_could_see_once_all_are_known() -> None:
    """The step that is too short with its remedy, that all are long enough, or why it is not known."""
    gates = tuple({"name": name, "ratio": RATIO} for name in ("short", "enough", "silent"))
    asked, traffic = spec(gates=gates), {"short": QUIET, "enough": Traffic(rate=5000, bad=0.01)}
    assert told(asked, 10, traffic) == ()
    short, enough, silent = told(asked, 10, {**traffic, "silent": Unknown(reason="Timeout", message="it did not answer")})
    assert short.startswith("5m at 5 % is too short for gate short: at stable's 5 requests a second, 1 % of them bad")
    assert "Make it " in short or "Give the step " in short
    assert enough.startswith("Gate enough would see 2 times as many bad requests within each step, at stable's 5,000 requests")
    assert silent == "What gate silent could see is not known: it did not answer."


def test_a_release_without_gates_that_compare_is_told_nothing() -> None:
    """A limit needs no forecast, and neither does a gate of the bake alone."""
    threshold = {"query": "vector(1)", "max": 1}
    bake = {"name": "late", "at": ["bake"], "ratio": {**RATIO, "max": 0.1}}
    assert told(spec(gates=({"name": "limit", "threshold": threshold}, bake)), 10, {}) == ()


SMOKE: dict[str, Any] = {"name": "smoke", "job": {"template": {"spec": {"containers": [{"name": "smoke", "image": "smoke:1"}]}}}}
QUERY: dict[str, Any] = {"name": "p99", "threshold": {"query": "p99", "max": 1}}
ERRORS: dict[str, Any] = {"name": "errors", "ratio": RATIO}


@pytest.mark.parametrize(
    ("gates", "traffic", "state", "evidence"),
    [
        ((ERRORS, SMOKE), BUSY, "Done", "errors, smoke; what they count of stable is there now"),
        ((ERRORS, QUERY), BUSY, "Unknown", "errors, p99; whether there is data for p99 shows in the release"),
        ((ERRORS,), Unknown(reason="NoData", message="no series."), "Unknown", "errors; errors has no data now: no series"),
    ],
)
def test_the_checklist_takes_gates_for_done_once_stable_is_seen_to_be_counted(
    gates: tuple[dict[str, Any], ...], traffic: Traffic | Unknown, state: str, evidence: str
) -> None:
    """What is missing, or not known, stays so, and is named; the other items are as they were."""
    asked = spec(gates=gates)
    _, before = examine(Subject(name="web", spec=asked, old=None, new=None, old_version="1", new_version="2", replicas=10,
                                recreate=False, services=None, autoscaled=None, history=(), unmirrored=None))  # fmt: skip
    after = informed(before, asked, 10, {"errors": traffic})
    changed = {item.name: (item.state, item.evidence) for item in after.checklist}
    assert changed["Gates"][0] == state
    assert evidence in changed["Gates"][1]
    assert [item for item in after.checklist if item.name != "Gates"] == [i for i in before.checklist if i.name != "Gates"]
