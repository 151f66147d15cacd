"""HTTPRoute as a router: the owner's weights can always be read back, whatever was split and how often."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.traffic.httproute import HTTPRoute
from controller.traffic.router import Split, Unusable
from tests.patching import Refused, applied

Object = dict[str, Any]
ROUTER = HTTPRoute()
OURS = frozenset({"shop"})
refs = st.lists(
    st.builds(
        lambda name, weight, port: {"name": name, "port": port, **({} if weight is None else {"weight": weight})},
        st.sampled_from(["shop", "cart", "search"]), st.one_of(st.none(), st.integers(0, 1000)), st.just(80),
    ),
    min_size=1, max_size=4,
)  # fmt: skip
routes = st.lists(st.one_of(refs.map(lambda r: {"backendRefs": r}), st.just({"filters": []})), min_size=1, max_size=4)


def route(*rules: Object) -> Object:
    """An HTTPRoute that its gateway has accepted."""
    said = [{"type": kind, "status": "True", "observedGeneration": 3} for kind in ("Accepted", "ResolvedRefs")]
    return {"metadata": {"name": "shop", "namespace": "prod", "uid": "u", "generation": 3},
            "spec": {"rules": [deepcopy(rule) for rule in rules]},
            "status": {"parents": [{"conditions": said}]}}  # fmt: skip


def written(found: Object, weight: int | None, mirror: int = 0) -> Object:
    """The route after the candidate's share was written."""
    return applied(found, ROUTER.write(found, "shop", weight, mirror))


@given(rules=routes, weights=st.lists(st.integers(0, 100), min_size=1, max_size=5))
@settings(max_examples=100)
def test_any_number_of_splits_and_a_restore_leave_the_owner_s_route(rules: list[Object], weights: list[int]) -> None:
    """Identity for any weights, several rules, and backends of others; an absent weight comes back as the 1 that it means."""
    found = route(*rules)
    now = found
    for weight in weights:
        now = written(now, weight)
    restored = written(now, None)
    assert [_plain(rule) for rule in restored["spec"]["rules"]] == [_plain(rule) for rule in rules]


@given(rules=routes.filter(lambda rules: any(r.get("weight", 1) for rule in rules for r in rule.get("backendRefs", [])
                                             if r["name"] == "shop")), weight=st.integers(0, 100))  # fmt: skip
@settings(max_examples=100)
def test_what_is_written_is_what_is_read(rules: list[Object], weight: int) -> None:
    """The share reads back exactly, and the candidate's backend is beside the Service's in each of its rules."""
    split = ROUTER.read(written(route(*rules), weight), OURS)
    assert isinstance(split, Split)
    assert (split.service, split.weight, split.as_owned) == ("shop", weight, False)


@given(rules=routes, weight=st.integers(1, 100))
@settings(max_examples=60)
def test_the_shares_of_others_do_not_change(rules: list[Object], weight: int) -> None:
    """In each rule every other backend keeps its part of the whole."""
    for before, after in zip(rules, written(route(*rules), weight)["spec"]["rules"], strict=True):
        for ref in before.get("backendRefs", []):
            if ref["name"] != "shop":
                assert _part(before, ref["name"]) == pytest.approx(_part(after, ref["name"]))


@given(rules=routes, weight=st.integers(0, 100))
@settings(max_examples=100)
def test_a_split_that_is_written_twice_changes_nothing(rules: list[Object], weight: int) -> None:
    """An effect may be repeated."""
    once = written(route(*rules), weight)
    assert written(once, weight)["spec"] == once["spec"]


def test_filters_ports_and_unknown_fields_of_a_backend_are_kept() -> None:
    """Only weights and the candidate's backend are ours."""
    ref = {"name": "shop", "port": 80, "weight": 1, "filters": [{"type": "RequestHeaderModifier"}], "future": 1}
    split = written(route({"backendRefs": [ref], "matches": [{"path": {"value": "/a"}}]}), 25)
    mine, candidate = split["spec"]["rules"][0]["backendRefs"]
    assert mine == {**ref, "weight": 75}
    assert candidate == {**ref, "name": "shop-candidate", "weight": 25}
    assert split["spec"]["rules"][0]["matches"] == [{"path": {"value": "/a"}}]


def test_a_patch_for_a_rule_that_has_changed_is_refused() -> None:
    """The old value of what is replaced is tested."""
    found = route({"backendRefs": [{"name": "shop", "weight": 1}]})
    patch = ROUTER.write(found, "shop", 50, 0)
    changed = deepcopy(found)
    changed["spec"]["rules"][0]["backendRefs"].append({"name": "cart"})
    with pytest.raises(Refused):
        applied(changed, patch)


def test_a_rule_that_somebody_reset_makes_the_split_uneven_and_the_largest_share_is_read() -> None:
    """What must come down is the most that the candidate has anywhere."""
    rule = {"backendRefs": [{"name": "shop", "weight": 1}]}
    split = written(route(rule, rule), 30)
    split["spec"]["rules"][0] = deepcopy(rule)
    read = ROUTER.read(split, OURS)
    assert isinstance(read, Split)
    assert (read.weight, read.even, read.as_owned) == (30, False, False)


def test_a_rule_that_its_owner_has_set_to_0_does_not_make_a_split_uneven() -> None:
    """There is no share in it that could differ, and it must be restored all the same."""
    off = {"backendRefs": [{"name": "shop", "weight": 0}, {"name": "cart", "weight": 1}]}
    read = ROUTER.read(written(route({"backendRefs": [{"name": "shop"}]}, off), 30), OURS)
    assert isinstance(read, Split)
    assert (read.weight, read.even, read.as_owned) == (30, True, False)
    alone = ROUTER.read(written(route(off), 30), OURS)
    assert isinstance(alone, Split)
    assert (alone.weight, alone.as_owned) == (0, False)


@pytest.mark.parametrize("change", ["other generation", "not resolved", "no parent"])
def test_the_route_is_accepted_only_in_its_present_form_by_every_parent(change: str) -> None:
    """The first stage of verifying a write."""
    found = route({"backendRefs": [{"name": "shop"}]})
    assert getattr(ROUTER.read(found, OURS), "accepted", None) is True
    if change == "other generation":
        found["metadata"]["generation"] = 4
    elif change == "not resolved":
        found["status"]["parents"].append({"conditions": [{"type": "ResolvedRefs", "status": "False", "observedGeneration": 3}]})
    else:
        found["status"] = {}
    assert getattr(ROUTER.read(found, OURS), "accepted", None) is False


UNUSABLE = {
    "no backend of ours": ([{"name": "cart"}], OURS, "has no backend that selects these pods (Services that do: shop)"),
    "two Services of ours": ([{"name": "shop"}, {"name": "cart"}], OURS | {"cart"}, "sends to several Services of these pods"),
    "another namespace": ([{"name": "shop", "namespace": "other"}], OURS, "has no backend that selects these pods"),
    "another kind": ([{"name": "shop", "kind": "Bucket", "group": "x.io"}], OURS, "has no backend that selects these pods"),
    "no Service at all": ([{"name": "shop"}], frozenset[str](), "Services that do: none"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_route_that_cannot_split_this_traffic_says_why(case: str) -> None:
    """With the remedy."""
    backends, services, problem = UNUSABLE[case]
    read = ROUTER.read(route({"backendRefs": backends}), services)
    assert isinstance(read, Unusable)
    assert problem in read.problem


@pytest.mark.parametrize(
    "foreign", [{"name": "shop", "namespace": "other", "weight": 4}, {"name": "shop", "kind": "Bucket", "group": "x.io"}]
)
def test_a_backend_of_the_same_name_that_is_no_service_of_ours_is_left_alone(foreign: Object) -> None:
    """It is neither split nor counted."""
    found = route({"backendRefs": [dict(foreign), {"name": "shop", "weight": 2}]})
    split = written(found, 50)
    names = [(r["name"], r.get("namespace"), r.get("kind")) for r in split["spec"]["rules"][0]["backendRefs"]]
    assert ("shop-candidate", foreign.get("namespace"), foreign.get("kind")) not in names
    assert ROUTER.read(split, OURS).weight == 50  # type: ignore[union-attr]
    restored = written(split, None)
    assert [_plain(r) for r in restored["spec"]["rules"]] == [_plain(r) for r in found["spec"]["rules"]]


def _plain(rule: Object) -> Object:
    return {**rule, "backendRefs": [{**r, "weight": r.get("weight", 1)} for r in rule.get("backendRefs", [])]}


def _part(rule: Object, name: str) -> float:
    total = sum(r.get("weight", 1) for r in rule["backendRefs"])
    return sum(r.get("weight", 1) for r in rule["backendRefs"] if r["name"] == name) / total if total else 0.0
