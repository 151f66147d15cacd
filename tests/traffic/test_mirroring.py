"""HTTPRoute as a mirror: a filter of ours after the owner's, which goes without a trace, and what keeps one from being there."""

from copy import deepcopy
from typing import Any

import pytest

from controller.traffic.httproute import unmirrored
from controller.traffic.router import Split
from tests.patching import Refused, applied
from tests.traffic.test_httproute import OURS, ROUTER, route, written

Object = dict[str, Any]
REF = {"name": "shop", "port": 80}
HEADERS = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a", "value": "b"}]}}
TEE = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "tee", "port": 80}}}
ALL = frozenset({"HTTPRouteRequestMirror", "HTTPRouteRequestPercentageMirror", "HTTPRouteRequestMultipleMirrors"})


def read(found: Object) -> Split:
    """The split of a route that has one."""
    split = ROUTER.read(found, OURS)
    assert isinstance(split, Split)
    return split


@pytest.mark.parametrize("percent", [1, 30, 100])
@pytest.mark.parametrize("own", [[], [HEADERS], [TEE, HEADERS]])
def test_a_mirror_stands_after_the_owner_s_filters_and_goes_without_a_trace(percent: int, own: list[Object]) -> None:
    """Users' backends stay untouched meanwhile; a percentage is written only where it is one."""
    owned = route({"backendRefs": [REF], **({"filters": own} if own else {})}, {"backendRefs": [{"name": "cart", "port": 80}]})
    now = written(owned, 0, percent)
    first, other = now["spec"]["rules"]
    assert (first["backendRefs"], first["filters"][:-1], other) == ([REF], own, owned["spec"]["rules"][1])
    assert first["filters"][-1]["requestMirror"] == {
        "backendRef": {"name": "shop-candidate", "port": 80}, **({"percent": percent} if percent < 100 else {}),
    }  # fmt: skip
    split = read(now)
    assert (split.weight, split.mirror, split.as_owned, split.even) == (0, percent, False, True)
    assert written(now, None) == owned


def test_the_switch_takes_the_mirror_away_in_the_same_patch() -> None:
    """From copies to everything in one write, and back to nothing in one."""
    mirrored = written(route({"backendRefs": [REF], "filters": [HEADERS]}), 0, 100)
    switched = read(written(mirrored, 100))
    assert (switched.weight, switched.mirror) == (100, 0)
    split = read(written(written(mirrored, 100), None))
    assert (split.as_owned, split.mirror, split.weight) == (True, 0, 0)


def test_what_somebody_has_changed_meanwhile_is_not_overwritten() -> None:
    """The patch tests the filters that were seen."""
    seen = written(route({"backendRefs": [REF]}), 0, 100)
    patch = deepcopy(ROUTER.write(seen, "shop", None, 0))
    seen["spec"]["rules"][0]["filters"].append(HEADERS)
    with pytest.raises(Refused):
        applied(seen, patch)


def test_a_rule_without_the_mirror_makes_it_uneven() -> None:
    """Somebody has added a rule in mid-release."""
    found = written(route({"backendRefs": [REF]}), 0, 100)
    found["spec"]["rules"].append({"backendRefs": [REF]})
    assert (read(found).even, read(found).mirror) == (False, 100)
    assert read(written(found, 0, 100)).even


@pytest.mark.parametrize(("matches", "unsafe"), [
    (None, "spec.rules[0].matches[0] takes requests of every method"),
    ([{"path": {"value": "/"}}], "spec.rules[0].matches[0] takes requests of every method"),
    ([{"method": "GET"}, {"method": "POST"}], "spec.rules[0].matches[1] takes method POST"),
    ([{"method": "GET"}, {"method": "HEAD"}, {"method": "OPTIONS"}], None),
])  # fmt: skip
def test_methods_that_may_change_something_are_named_with_their_place(matches: list[Object] | None, unsafe: str | None) -> None:
    """Rules that send elsewhere do not count."""
    rule = {"backendRefs": [REF], **({"matches": matches} if matches else {})}
    assert read(route(rule, {"backendRefs": [{"name": "cart", "port": 80}]})).unsafe == unsafe


@pytest.mark.parametrize(("own", "percent", "features", "lacking"), [
    ([], 100, ALL, None),
    ([], 100, ALL - {"HTTPRouteRequestPercentageMirror"}, None),
    ([], 50, ALL - {"HTTPRouteRequestPercentageMirror"}, "HTTPRouteRequestPercentageMirror"),
    ([TEE], 100, ALL - {"HTTPRouteRequestMultipleMirrors"}, "HTTPRouteRequestMultipleMirrors"),
    ([], 100, frozenset({"HTTPRoute"}), "HTTPRouteRequestMirror"),
    ([], 100, frozenset(), "HTTPRouteRequestMirror"),
])  # fmt: skip
def test_a_feature_that_is_not_listed_is_not_used(
    own: list[Object], percent: int, features: frozenset[str], lacking: str | None
) -> None:
    """A filter that a gateway does not know can be accepted and stop the whole route; one that can may still list nothing."""
    said = unmirrored(route({"backendRefs": [REF], "filters": own}), "shop", percent, features)
    if lacking is None:
        assert said is None
    else:
        assert said is not None and f"does not list the feature {lacking} " in said
        assert "list it there if this one can" in said
