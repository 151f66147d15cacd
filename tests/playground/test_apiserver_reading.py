"""Lists and selectors, and the ways in which objects are shown."""

import pytest

from playground.apiserver import selectors
from playground.apiserver.errors import ApiError
from tests.playground.asking import Asking, Refused, config_map

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def api() -> Asking:
    """Five ConfigMaps, made in no order."""
    asking = Asking()
    for name in ("c", "a", "e", "b", "d"):
        asking.ask("POST", MAPS, config_map(name))
    return asking


def test_pages_are_of_one_moment(api: Asking) -> None:
    """What changes between two pages is not seen, and the version stays that of the first."""
    first = api.ask("GET", f"{MAPS}?limit=2")
    assert first["metadata"]["remainingItemCount"] == 3
    api.ask("DELETE", f"{MAPS}/d")
    api.ask("POST", MAPS, config_map("b2"))
    names = [item["metadata"]["name"] for item in first["items"]]
    page = first
    while after := page["metadata"].get("continue"):
        page = api.ask("GET", f"{MAPS}?limit=2&continue={after}")
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        names += [item["metadata"]["name"] for item in page["items"]]
    assert names == ["a", "b", "c", "d", "e"]


def test_a_page_too_old_is_expired(api: Asking) -> None:
    """Pages are not kept for ever; a token that never was one is a bad request."""
    after = api.ask("GET", f"{MAPS}?limit=2")["metadata"]["continue"]
    for _ in range(70):
        api.ask("GET", f"{MAPS}?limit=2")
    with pytest.raises(Refused) as refused:
        api.ask("GET", f"{MAPS}?limit=2&continue={after}")
    assert (refused.value.status, refused.value.reason) == (410, "Expired")
    with pytest.raises(Refused) as refused:
        api.ask("GET", f"{MAPS}?continue=abc")
    assert refused.value.status == 400


def test_a_version_from_the_future_is_too_large(api: Asking) -> None:
    """As after a restore: clients back off on this."""
    with pytest.raises(Refused, match="Too large resource version") as refused:
        api.ask("GET", f"{MAPS}?resourceVersion=99999")
    assert refused.value.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("a=1", True),
        ("a==1,b=2", True),
        ("a=2", False),
        ("a!=2", True),
        ("c!=2", True),
        ("a in (1, 3)", True),
        ("a notin (1,3)", False),
        ("c notin (1)", True),
        ("a", True),
        ("!a", False),
        ("!c,b", True),
        ("a>0", True),
        ("a<1", False),
        ("example.com/x=", True),
    ],
)
def test_label_selectors_mean_what_they_mean_elsewhere(text: str, *, matches: bool) -> None:
    """Equality, sets, presence, comparison."""
    obj = {"metadata": {"labels": {"a": "1", "b": "2", "example.com/x": ""}}}
    assert selectors.for_labels(text)(obj) is matches


@pytest.mark.parametrize("text", ["a=b=", "a in (b", "=x", "a in b"])
def test_what_is_no_selector_is_a_bad_request(text: str) -> None:
    """Not an empty list."""
    with pytest.raises(ApiError) as problem:
        selectors.for_labels(text)
    assert problem.value.status == 400


def test_objects_can_be_shown_as_metadata_only(api: Asking) -> None:
    """As the garbage collector and informers ask for them."""
    shown = api.ask("GET", MAPS, accept="application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
    assert shown["kind"] == "PartialObjectMetadataList"
    assert "data" not in shown["items"][0]
    with pytest.raises(Refused) as refused:
        api.ask("GET", MAPS, accept="text/html")
    assert refused.value.status == 406


def test_events_are_the_same_in_both_groups(api: Asking) -> None:
    """Written as events.k8s.io, read as core events, and found by either's fields."""
    new = {
        "metadata": {"name": "e"}, "regarding": {"kind": "Pod", "name": "p", "namespace": "default"}, "reason": "R",
        "note": "said", "type": "Normal", "action": "Doing", "reportingController": "example.com/x", "reportingInstance": "x-1",
        "eventTime": "2027-01-15T08:00:00.000000Z",
    }  # fmt: skip
    api.ask("POST", "/apis/events.k8s.io/v1/namespaces/default/events", new)
    found = api.ask("GET", "/api/v1/namespaces/default/events/e")
    assert (found["involvedObject"]["name"], found["message"], found["reportingComponent"]) == ("p", "said", "example.com/x")
    for path, field in (("/api/v1", "involvedObject.name"), ("/apis/events.k8s.io/v1", "regarding.name")):
        listed = api.ask("GET", f"{path}/namespaces/default/events?fieldSelector={field}%3Dp")["items"]
        assert [item["metadata"]["name"] for item in listed] == ["e"]
