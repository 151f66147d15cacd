"""When a freeze is in force on the calendar of its time zone, what is required, and what is said of a policy that is neither."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.reconcile.cluster import Cluster
from controller.reconcile.policies import Policies, period, problem, window
from strategies.analysis.verdict import Unknown
from strategies.review.contracts import Period
from strategies.spec.policy import Freeze
from strategies.spec.review import Check, Risk
from strategies.world.observation import FOREVER, Frozen

WEEKEND = {"name": "weekend", "start": "2026-01-02T18:00", "duration": "62h", "rule": "FREQ=WEEKLY;BYDAY=FR",
           "timeZone": "Europe/Berlin"}  # fmt: skip


def freeze(**changed: Any) -> Freeze:
    """The weekend from Friday evening to Monday morning in Berlin, or something like it."""
    return Freeze.model_validate({key: value for key, value in {**WEEKEND, **changed}.items() if value is not None})


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


CASES: dict[str, tuple[dict[str, Any], str, str | datetime | None, str | None]] = {
    "before the first one": ({}, "2026-01-02T16:59", None, "2026-01-02T17:00"),
    "at its very beginning": ({}, "2026-01-02T17:00", "2026-01-05T07:00", "2026-01-09T17:00"),
    "in its middle, years later": ({}, "2030-06-15T12:00", "2030-06-17T06:00", "2030-06-21T16:00"),
    "at its very end": ({}, "2026-01-05T07:00", None, "2026-01-09T17:00"),
    # Clocks go forward in the night to Sunday, 29 March: 62 hours after Friday, 18:00 is Monday, 9:00.
    "over the hour that is left out": ({}, "2026-03-30T06:59", "2026-03-30T07:00", "2026-04-03T16:00"),
    # … and back in the night to Sunday, 25 October: it is Monday, 7:00.
    "over the hour that is repeated": ({}, "2026-10-26T05:59", "2026-10-26T06:00", "2026-10-30T17:00"),
    "once": ({"rule": None}, "2026-01-03T00:00", "2026-01-05T07:00", None),
    "once, long ago": ({"rule": None}, "2027-01-01T00:00", None, None),
    "until a day": ({"rule": "FREQ=WEEKLY;BYDAY=FR;UNTIL=20260110T000000"}, "2026-01-16T18:00", None, None),
    "a number of times": ({"rule": "FREQ=WEEKLY;COUNT=2"}, "2026-01-16T18:00", None, None),
    "every year": ({"start": "2026-12-20T00:00", "duration": "336h", "rule": "FREQ=YEARLY"}, "2028-01-01T12:00",
                   "2028-01-02T23:00", "2028-12-19T23:00"),
    "ones that overlap end with the last": ({"rule": "FREQ=DAILY;COUNT=300", "duration": "30h"}, "2026-01-04T17:30",
                                            "2026-10-29T23:00", "2026-01-05T17:00"),
    "ones that touch are one": ({"rule": "FREQ=DAILY;COUNT=3", "duration": "24h"}, "2026-01-03T12:00", "2026-01-05T17:00",
                                "2026-01-03T17:00"),
    "a minute between two is an end": ({"rule": "FREQ=DAILY", "duration": "1439m"}, "2026-01-04T16:00", "2026-01-04T16:59",
                                       "2026-01-04T17:00"),
    "one that never ends": ({"rule": "FREQ=DAILY", "duration": "24h", "timeZone": None}, "2026-01-04T18:00", FOREVER,
                            "2026-01-05T18:00"),
    "in another zone": ({"timeZone": "America/New_York"}, "2026-01-02T22:59", None, "2026-01-02T23:00"),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "now", "end", "following"), CASES.values(), ids=CASES.keys())
def test_a_freeze_begins_by_the_clock_of_its_zone_and_lasts_its_length(
    changed: dict[str, Any], now: str, end: str | datetime | None, following: str | None
) -> None:
    """When it ends, if it is in force, and when the next one begins."""
    ends = at(end) if isinstance(end, str) else end
    assert window(freeze(**changed), at(now)) == (ends, following and at(following))


@given(st.datetimes(datetime(2026, 2, 1), datetime(2040, 1, 1)))
def test_a_freeze_is_in_force_exactly_until_its_end(moment: datetime) -> None:
    """A microsecond before the end it is, at the end it is not, unless the next one has begun."""
    end, following = window(freeze(), moment.replace(tzinfo=UTC))
    assert (end is not None) or (following is not None and following > moment.replace(tzinfo=UTC))
    if end is not None:
        assert window(freeze(), end - timedelta(microseconds=1))[0] == end
        assert window(freeze(), end)[0] is None


def test_what_only_a_calendar_can_tell_is_told_by_field() -> None:
    """A zone, a date, a rule, an end."""
    assert problem(freeze()) is None
    assert problem(freeze(timeZone="Europe/Atlantis")) == ("timeZone", "there is no time zone Europe/Atlantis")
    for wrong, field in (
        ({"start": "2026-02-30T00:00", "rule": None}, "start"),
        ({"rule": "FREQ=WEEKLY;BYDAY=XX"}, "rule"),
        ({"rule": "FREQ=WEEKLY;NONSENSE=1"}, "rule"),
        ({"rule": "FREQ=WEEKLY;UNTIL=20260110T000000Z"}, "rule"),
        ({"rule": "FREQ=MONTHLY", "duration": "1488h"}, "duration"),
    ):
        told = problem(freeze(**wrong))
        assert told is not None, wrong
        assert told[0] == field


def calendar(*policies: dict[str, Any], synced: bool = True) -> Policies:
    """Of these policies."""
    view = SimpleNamespace(synced=synced, list=lambda: list(policies))
    return Policies(cast(Cluster, SimpleNamespace(release_policies=view)))


def policy(name: str, *freezes: dict[str, Any], version: str = "1", **spec: Any) -> dict[str, Any]:
    """A ReleasePolicy as the API has it."""
    return {"metadata": {"name": name, "uid": name, "resourceVersion": version}, "spec": {"freezes": list(freezes), **spec}}


SATURDAY = at("2026-01-03T12:00")


def test_of_several_freezes_the_one_that_lasts_longest_is_told() -> None:
    """Whichever policy it is of."""
    longer = {**WEEKEND, "name": "stocktaking", "duration": "240h", "rule": None, "reason": "Stocktaking"}
    found = calendar(policy("a", WEEKEND), policy("b", longer, WEEKEND)).frozen("shop", SATURDAY)
    assert found == Frozen(policy="b", freeze="stocktaking", until=at("2026-01-12T17:00"), reason="Stocktaking")


def test_a_policy_is_for_its_namespaces_alone() -> None:
    """By name or prefix; one that cannot be understood, too."""
    broken = policy("b", {**WEEKEND, "timeZone": "Europe/Atlantis"}, namespaces=["team-*"])
    of = calendar(policy("a", WEEKEND, namespaces=["shop"]), broken)
    assert isinstance(of.frozen("shop", SATURDAY), Frozen)
    assert of.frozen("store", SATURDAY) is None
    assert isinstance(of.frozen("team-a", SATURDAY), Unknown)


def test_a_policy_that_cannot_be_understood_lets_nothing_start_and_is_named() -> None:
    """Nobody knows what it means; a freeze of another policy that is in force is told first."""
    found = calendar(policy("broken", {"name": "x"})).frozen("shop", SATURDAY)
    assert isinstance(found, Unknown)
    assert found.message.startswith("ReleasePolicy broken cannot be understood")
    assert isinstance(calendar(policy("broken", {"name": "x"}), policy("a", WEEKEND)).frozen("shop", SATURDAY), Frozen)
    assert isinstance(calendar(synced=False).frozen("shop", SATURDAY), Unknown)


def test_requirements_are_those_of_all_policies_for_the_namespace_in_the_order_of_their_names() -> None:
    """Of one that cannot be understood there are none: nothing starts there anyway."""
    asked = {"name": "plan", "risk": "High", "done": ["RollbackPlan"]}
    of = calendar(policy("z", requirements=[asked]), policy("a", WEEKEND, requirements=[asked], namespaces=["shop"]),
                  policy("broken", requirements=[{"name": "nothing"}]))  # fmt: skip
    assert [each.policy for each in of.required("shop", SATURDAY)] == ["a", "z"]
    (found,) = of.required("store", SATURDAY)
    assert (found.policy, found.requirement.risk, found.requirement.done) == ("z", Risk.HIGH, (Check.ROLLBACK_PLAN,))
    assert isinstance(of.frozen("store", SATURDAY), Unknown)


def test_limits_are_per_namespace_or_of_all_the_policys_namespaces() -> None:
    """Each says whom it counts."""
    both = {"perNamespace": 1, "total": 3}
    one, all_ = calendar(policy("a", concurrency=both, namespaces=["shop", "team-*"])).limits("shop", SATURDAY)
    assert (one.most, one.counts("shop"), one.counts("team-a")) == (1, True, False)
    assert (all_.most, all_.counts("team-a"), all_.counts("store")) == (3, True, False)
    assert calendar(policy("a", concurrency=both, namespaces=["team-*"])).limits("shop", SATURDAY) == ()


def test_one_that_cannot_be_understood_leaves_the_period_of_deprecations_unknown_where_it_is_for() -> None:
    """Of the others the longest one holds."""
    policies = [policy("a", deprecationDays=30), policy("b", deprecationDays=90),
                policy("broken", {"name": "x"}, namespaces=["team-*"])]  # fmt: skip
    assert period(policies, "shop") == Period(days=90, policy="b")
    found = period(policies, "team-a")
    assert isinstance(found, Unknown)
    assert found.message.startswith("ReleasePolicy broken cannot be understood")


def test_an_answer_holds_until_it_changes_or_the_policy_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet that waits does not work out the rule in each turn."""
    asked = []
    monkeypatch.setattr("controller.reconcile.policies.window", lambda *given: asked.append(given) or window(*given))
    policies = [policy("a", WEEKEND)]
    of = Policies(cast(Cluster, SimpleNamespace(release_policies=SimpleNamespace(synced=True, list=lambda: policies))))
    for _ in range(5):
        assert of.frozen("shop", SATURDAY) is not None
    assert len(asked) == 1
    assert of.frozen("shop", at("2026-01-05T07:00")) is None
    assert len(asked) == 2
    assert of.frozen("shop", SATURDAY) is not None, "the clock was set back"
    policies[0] = policy("a", version="2")
    assert of.frozen("shop", SATURDAY) is None
