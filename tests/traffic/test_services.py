"""Services: which select the pods, how a pin is put on and taken off, and what the candidate's Service looks like."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api import names
from controller.traffic import services
from strategies.world import effects as e
from tests.patching import Refused, applied

Object = dict[str, Any]
PODS = {"app": "shop", "tier": "web"}


def service(selector: dict[str, str] | None = None, labels: dict[str, str] | None = None, name: str = "shop") -> Object:
    """A Service."""
    found: Object = {"metadata": {"name": name, "namespace": "prod", "uid": "u"},
                     "spec": {"selector": {"app": "shop"} if selector is None else selector, "clusterIP": "10.0.0.1",
                              "type": "NodePort", "ports": [{"name": "http", "port": 80, "nodePort": 30000}]}}  # fmt: skip
    if labels is not None:
        found["metadata"]["labels"] = labels
    return found


def pinned(found: Object, hash_: str | None) -> Object:
    """The Service after the pin was moved from where it is."""
    effect = e.Pin(service="shop", old=services.pin_of(found), new=hash_)
    return applied(found, services.pin(found, effect))


@given(st.lists(st.sampled_from(["abc", "1-def", "2-ghi"]), min_size=1, max_size=4), st.sampled_from([None, {}, {"team": "x"}]))
def test_any_pins_and_an_unpin_leave_the_service_as_it_was(hashes: list[str], labels: dict[str, str] | None) -> None:
    """Selector and label carry the same hash while pinned; afterwards neither is there."""
    found = service(labels=labels)
    now = found
    for hash_ in hashes:
        now = pinned(now, hash_)
        assert services.pin_of(now) == now["metadata"]["labels"][names.PIN] == hash_
    left = pinned(now, None)
    assert left["spec"] == found["spec"]
    assert left["metadata"].get("labels") in (labels, {})


def test_a_pin_is_refused_when_the_owner_has_changed_the_selector() -> None:
    """The selector must be as it was seen."""
    found = service()
    patch = services.pin(found, e.Pin(service="shop", old=None, new="abc"))
    found["spec"]["selector"] = {"app": "other"}
    with pytest.raises(Refused):
        applied(found, patch)


SELECTING: dict[str, tuple[Object, bool]] = {
    "its selector matches": (service({"app": "shop"}), True),
    "it is pinned": (service({"app": "shop", names.HASH: "abc"}), True),
    "it asks for more": (service({"app": "shop", "zone": "a"}), False),
    "it selects others": (service({"app": "cart"}), False),
    "it has no selector": (service({}), False),
    "it has only a pin": (service({names.HASH: "abc"}), False),
    "it says that it is ours, and no Release owns it": (service({"app": "shop"}, {names.CANDIDATE_OF: "shop"}), True),
    "it is ours": (services.make_candidate(service({"app": "shop"}), "abc", {"metadata": {"name": "shop", "uid": "r"}}), False),
    "it is another name for somewhere else": (
        {**service({"app": "shop"}), "spec": {"type": "ExternalName", "selector": {"app": "shop"}}}, False),
}  # fmt: skip


@pytest.mark.parametrize("case", SELECTING)
def test_a_service_is_the_workload_s_when(case: str) -> None:
    """By its selector, the pin aside; Services of ours never count."""
    found, selects = SELECTING[case]
    assert services.selects(found, PODS) is selects


def test_endpoints_are_counted_by_revision_and_only_when_ready() -> None:
    """A pod counts once although it stands in two slices; pods of nobody's ReplicaSet are foreign."""

    def endpoint(pod: str | None, *, ready: bool = True) -> Object:
        return {"conditions": {"ready": ready}, **({"targetRef": {"name": pod}} if pod else {})}

    long = "s" * 70
    slices = [
        {"endpoints": [endpoint("shop-abc-x1x2x"), endpoint("shop-abc-y1y2y"), endpoint("shop-abc-z1z2z", ready=False)]},
        {
            "endpoints": [
                endpoint("shop-abc-x1x2x"),
                endpoint("cart-abc-q1q2q"),
                endpoint(None),
                endpoint(f"{long}-"[:58] + "a1b2c"),
            ]
        },
        {},
    ]
    counts, foreign = services.endpoints(slices, {"shop-abc": "abc", long: "1-def"})
    assert (counts, foreign) == ({"abc": 2, "1-def": 1}, 1)


def test_the_candidate_s_service_has_labels_and_ports_and_nothing_that_belongs_to_one_service() -> None:
    """No node port, no address, no pin; the candidate's pods only."""
    release = {"metadata": {"name": "shop", "uid": "r"}}
    made = services.make_candidate(service({"app": "shop", names.HASH: "abc"}, {"team": "x", names.PIN: "abc"}), "1-def", release)
    assert made["spec"] == {
        "selector": {"app": "shop", names.HASH: "1-def"},
        "ports": [{"name": "http", "port": 80}],
        "type": "ClusterIP",
    }
    assert made["metadata"]["labels"] == {"team": "x", names.CANDIDATE_OF: "shop"}
    assert services.read_candidate(made, "shop", [], {}) is not None
    moved = applied(made, services.point_candidate("abc"))
    assert services.pin_of(moved) == "abc"


def test_a_foreign_service_of_the_candidate_s_name_is_told_from_ours() -> None:
    """It must never be written."""
    found = services.read_candidate(service(name="shop-candidate"), "shop", [], {})
    assert found is not None
    assert not found.ours
    assert services.read_candidate(None, "shop", [], {}) is None


@given(st.from_regex(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True))
def test_the_candidate_s_name_is_a_valid_service_name(name: str) -> None:
    """At most 63 characters, no hyphen where it was cut."""
    made = services.candidate_name(name)
    assert len(made) <= 63
    assert made.endswith("-candidate")
    assert "--candidate" not in made or name.endswith("-")
