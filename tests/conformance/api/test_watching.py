"""Watches: from which moment, what they tell and in which order, and how they end."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.api.calls import Api, Object, config_map, widget

Told = tuple[str, str, str]


def watch(api: Api, resource: str, seconds: float = 30, **options: Any) -> Iterator[Any]:
    """The events of a watch; what is not read of it is let go."""
    return api.cluster.client().watch(api.path(resource, **options), seconds)


def told(events: Iterator[Any], count: int) -> list[Told]:
    """Type, name and `data.a` of so many events; then the watch is ended."""
    found = [next(events) for _ in range(count)]
    events.close()  # type: ignore[attr-defined]
    return [(e["type"], e["object"]["metadata"]["name"], e["object"].get("data", {}).get("a", "")) for e in found]


def version(api: Api, resource: str = "configmaps") -> str:
    """The collection's present version."""
    return str(api.list(resource)["metadata"]["resourceVersion"])


def test_a_watch_tells_everything_since_a_version_in_order(api: Api) -> None:
    """Though it is opened afterwards: nothing is left out, nothing comes twice."""
    api.create("configmaps", config_map("before"))
    start = version(api)
    api.create("configmaps", config_map("a"))
    for number in range(2, 20):
        api.merge("configmaps", "a", {"data": {"a": str(number)}})
    api.create("configmaps", config_map("b"))
    api.delete("configmaps", "a")
    expected = [("ADDED", "a", "1"), *(("MODIFIED", "a", str(n)) for n in range(2, 20)), ("ADDED", "b", "1"),
                ("DELETED", "a", "19")]  # fmt: skip
    assert told(watch(api, "configmaps", resourceVersion=start), 21) == expected


def test_each_event_has_the_version_of_its_change(api: Api) -> None:
    """Rising; a deletion is a change too, newer than the object's last one. A watch can go on from any of them."""
    start = version(api)
    made = api.create("configmaps", config_map("a"))
    changed = api.merge("configmaps", "a", {"data": {"a": "2"}})
    api.delete("configmaps", "a")
    events = watch(api, "configmaps", resourceVersion=start)
    versions = [int(next(events)["object"]["metadata"]["resourceVersion"]) for _ in range(3)]
    assert versions[:2] == [int(o["metadata"]["resourceVersion"]) for o in (made, changed)]
    assert versions[2] > versions[1]
    assert told(watch(api, "configmaps", resourceVersion=versions[0]), 2) == [("MODIFIED", "a", "2"), ("DELETED", "a", "2")]
    assert int(version(api)) >= versions[2]


def test_events_carry_kind_and_managed_fields(api: Api) -> None:
    """As a GET of the object does, and unlike a list."""
    start = version(api)
    made = api.create("configmaps", config_map("a"))
    event = next(watch(api, "configmaps", resourceVersion=start))
    assert event == {"type": "ADDED", "object": made}


@pytest.mark.parametrize("options", [{}, {"resourceVersion": "0"}])
def test_a_watch_without_a_version_begins_with_what_is_there(api: Api, options: dict[str, Any]) -> None:
    """Each present object as ADDED, then the changes."""
    for name in ("a", "b"):
        api.create("configmaps", config_map(name, labels={"chosen": "1"}))
    # Version 0 is whatever the server has in memory, which may be a moment behind.
    api.cluster.wait_for(lambda: len(api.list("configmaps", resourceVersion="0")["items"]) == 3, what="the cache has them")
    events = watch(api, "configmaps", labelSelector="chosen", **options)
    first = sorted((e["type"], e["object"]["metadata"]["name"]) for e in (next(events), next(events)))
    assert first == [("ADDED", "a"), ("ADDED", "b")]
    api.delete("configmaps", "a")
    assert told(events, 1) == [("DELETED", "a", "1")]


def test_what_enters_or_leaves_the_selector_is_added_or_deleted(api: Api) -> None:
    """As if nothing else existed; our reflectors follow labelled Deployments that way."""
    start = version(api)
    api.create("configmaps", config_map("a"))
    for labels in ({"in": "1"}, {"in": "2"}, {"in": None}, {"in": "3"}):
        api.merge("configmaps", "a", {"metadata": {"labels": labels}})
    api.merge("configmaps", "a", {"data": {"a": "2"}})
    api.delete("configmaps", "a")
    events = watch(api, "configmaps", resourceVersion=start, labelSelector="in")
    kinds = [("ADDED", "1"), ("MODIFIED", "1"), ("DELETED", "1"), ("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]
    assert [(kind, data) for kind, _, data in told(events, 6)] == kinds


def test_the_one_that_leaves_is_shown_as_it_was_with_the_new_version(api: Api) -> None:
    """So that a reflector goes on from there."""
    start = version(api)
    api.create("configmaps", config_map("a", labels={"in": "1"}))
    gone = api.merge("configmaps", "a", {"metadata": {"labels": {"in": None}}})
    events = watch(api, "configmaps", resourceVersion=start, labelSelector="in")
    next(events)
    last = next(events)
    assert last["type"] == "DELETED"
    assert last["object"]["metadata"]["labels"] == {"in": "1"}
    assert last["object"]["metadata"]["resourceVersion"] == gone["metadata"]["resourceVersion"]


def test_one_object_can_be_watched_by_its_name(api: Api) -> None:
    """As `kubectl wait` does."""
    start = version(api)
    for name in ("a", "b", "a2"):
        api.create("configmaps", config_map(name))
    api.merge("configmaps", "a", {"data": {"a": "2"}})
    events = watch(api, "configmaps", resourceVersion=start, fieldSelector="metadata.name=a")
    assert told(events, 2) == [("ADDED", "a", "1"), ("MODIFIED", "a", "2")]


def test_all_namespaces_can_be_watched(api: Api) -> None:
    """In the order of versions, whatever the namespace."""
    other = Api(cluster=api.cluster, namespace=api.cluster.namespace())
    start = version(other)
    api.create("configmaps", config_map("a", labels={"test": api.namespace}))
    other.create("configmaps", config_map("b", labels={"test": api.namespace}))
    api.create("configmaps", config_map("c", labels={"test": api.namespace}))
    path = f"/api/v1/configmaps?resourceVersion={start}&labelSelector=test%3D{api.namespace}"
    assert [name for _, name, _ in told(api.cluster.client().watch(path, 30), 3)] == ["a", "b", "c"]
    api.cluster.api("DELETE", f"/api/v1/namespaces/{other.namespace}")


def test_custom_objects_can_be_watched(api: Api, widgets: None) -> None:
    """A status patch is a change like any other."""
    start = version(api, "widgets")
    api.create("widgets", widget("w", size=1))
    api.patch("widgets", "w", [{"op": "add", "path": "/status", "value": {"turn": 1}}], "status")
    events = watch(api, "widgets", resourceVersion=start)
    first, second = next(events), next(events)
    assert (first["type"], second["type"]) == ("ADDED", "MODIFIED")
    assert second["object"]["status"] == {"turn": 1}
    assert second["object"]["kind"] == "Widget"


def test_a_watch_ends_in_order_when_its_time_is_up(api: Api) -> None:
    """Without an error."""
    assert list(watch(api, "configmaps", seconds=1, resourceVersion=version(api))) == []


def test_bookmarks_tell_how_far_the_watch_has_come(api: Api) -> None:
    """Only a kind and a version, near the end of the watch at the latest; from there it can go on."""
    start = version(api)
    api.create("configmaps", config_map("a", labels={"in": "1"}))
    newer = api.create("configmaps", config_map("unseen"))["metadata"]["resourceVersion"]
    options: Object = {"resourceVersion": start, "labelSelector": "in", "allowWatchBookmarks": "true"}
    events = list(watch(api, "configmaps", seconds=5, **options))
    assert len(events) > 1
    assert [e["type"] for e in events] == ["ADDED", *["BOOKMARK"] * (len(events) - 1)]
    mark = events[-1]["object"]
    assert mark["kind"] == "ConfigMap" and "data" not in mark
    assert int(mark["metadata"]["resourceVersion"]) >= int(newer)


def test_a_version_too_long_ago_is_gone(api: Api, widgets: None) -> None:
    """410 Expired, as an event: the client must list again. Of widgets nothing is known so far back."""
    event = next(watch(api, "widgets", resourceVersion="1"))
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: 1 (")
