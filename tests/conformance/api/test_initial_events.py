"""Watches that begin with all there is: what comes, how its end is marked, what may be asked, and whose right it is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.api.calls import Api, Object, causes, config_map, refusal, summary, widget
from tests.conformance.api.test_rights import acting, role

ALL: Object = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
END = {"k8s.io/initial-events-end": "true"}
OURS = {"labelSelector": "ours"}


def watch(api: Api, resource: str = "configmaps", seconds: float = 30, **options: Any) -> Iterator[Any]:
    """The events of a watch; what is not read of it is let go."""
    return api.cluster.client().watch(api.path(resource, **options), seconds)


def ours(api: Api, *names: str) -> list[Object]:
    """ConfigMaps that the selector chooses, as they were made in this order."""
    return [api.create("configmaps", config_map(name, labels={"ours": "1"})) for name in names]


def told(events: Iterator[Any], count: int) -> list[tuple[str, str]]:
    """Type and name of so many events, the mark's name being its annotation."""
    found = [next(events) for _ in range(count)]
    return [(e["type"], e["object"]["metadata"].get("name") or str(e["object"]["metadata"].get("annotations"))) for e in found]


def test_all_there_is_comes_in_the_order_of_names_then_the_mark_then_what_happens(api: Api) -> None:
    """On one watch. Objects are as a GET has them, and the mark's version is not older than any of theirs."""
    made = ours(api, "b", "a", "c")
    events = watch(api, **ALL, **OURS)
    first = [next(events) for _ in range(4)]
    assert first[:3] == [{"type": "ADDED", "object": made[index]} for index in (1, 0, 2)]
    mark = first[3]["object"]
    assert (first[3]["type"], mark["kind"], mark["metadata"]["annotations"]) == ("BOOKMARK", "ConfigMap", END)
    assert set(mark["metadata"]) <= {"resourceVersion", "creationTimestamp", "annotations"} and "data" not in mark
    assert int(mark["metadata"]["resourceVersion"]) >= max(int(o["metadata"]["resourceVersion"]) for o in made)
    api.merge("configmaps", "b", {"data": {"a": "2"}})
    api.delete("configmaps", "a")
    assert told(events, 2) == [("MODIFIED", "b"), ("DELETED", "a")]


def test_a_watch_can_go_on_from_the_mark(api: Api) -> None:
    """As from any version: nothing is left out, nothing comes twice."""
    ours(api, "a")
    events = watch(api, **ALL, **OURS)
    mark = [next(events) for _ in range(2)][1]["object"]
    api.merge("configmaps", "a", {"data": {"a": "2"}})
    api.create("configmaps", config_map("b", labels={"ours": "1"}))
    again = watch(api, **OURS, resourceVersion=mark["metadata"]["resourceVersion"])
    assert told(again, 2) == [("MODIFIED", "a"), ("ADDED", "b")]


def test_nothing_at_all_is_marked_too(api: Api, widgets: None) -> None:
    """Of a collection that is empty, and of a selector that chooses nothing."""
    for events in (
        watch(api, "widgets", **ALL),
        watch(api, **ALL, labelSelector="nobody"),
        watch(api, **ALL, fieldSelector="metadata.name=x"),
    ):
        assert told(events, 1) == [("BOOKMARK", str(END))]


def test_custom_objects_and_one_object_by_its_name(api: Api, widgets: None) -> None:
    """As our reflectors follow Releases and policies."""
    for name in ("v", "w"):
        api.create("widgets", widget(name, size=1))
    events = watch(api, "widgets", **ALL, fieldSelector="metadata.name=w")
    assert told(events, 2) == [("ADDED", "w"), ("BOOKMARK", str(END))]
    api.merge("widgets", "v", {"spec": {"size": 2}})
    api.merge("widgets", "w", {"spec": {"size": 2}})
    assert told(events, 1) == [("MODIFIED", "w")]


@pytest.mark.parametrize("options", [{}, {"resourceVersion": "0"}])
def test_a_watch_without_a_version_that_takes_bookmarks_is_marked_unasked(api: Api, options: Object) -> None:
    """It begins with all there is anyway."""
    ours(api, "a")
    api.cluster.wait_for(lambda: api.list("configmaps", **OURS, resourceVersion="0")["items"], what="the cache has it")
    events = watch(api, **OURS, **options, allowWatchBookmarks="true")
    assert told(events, 2) == [("ADDED", "a"), ("BOOKMARK", str(END))]


def test_without_bookmarks_there_is_no_mark(api: Api) -> None:
    """All there is comes all the same."""
    ours(api, "a")
    events = watch(api, **{**ALL, "allowWatchBookmarks": "false"}, **OURS)
    assert told(events, 1) == [("ADDED", "a")]
    api.delete("configmaps", "a")
    assert told(events, 1) == [("DELETED", "a")]


def test_a_version_says_how_old_all_there_is_may_be(api: Api) -> None:
    """Not older; it may be newer. For one that is still to come the server waits, and then says so in an event."""
    first, _ = ours(api, "a", "b")
    version = first["metadata"]["resourceVersion"]
    events = watch(api, **ALL, **OURS, resourceVersion=version)
    assert ("ADDED", "a") in told(events, 2)
    far = str(int(version) + 1_000_000)
    event = next(watch(api, **ALL, resourceVersion=far))
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 504, "Timeout")
    assert event["object"]["message"].startswith(f"Timeout: Too large resource version: {far}, current: ")


def test_nothing_of_what_is_may_be_asked_for(api: Api) -> None:
    """Only what happens from now on."""
    ours(api, "a")
    events = watch(api, **{**ALL, "sendInitialEvents": "false"}, **OURS, seconds=3)
    assert [e["type"] for e in events if e["type"] != "BOOKMARK"] == []


FORBIDDEN = "FieldValueForbidden"
NEEDS = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"


@pytest.mark.parametrize(
    ("options", "said", "fields"),
    [
        ({"watch": 1, "sendInitialEvents": "true"}, f"resourceVersionMatch: Forbidden: {NEEDS}",
         [(FORBIDDEN, "resourceVersionMatch")]),
        ({"watch": 1, "sendInitialEvents": "false"}, f"resourceVersionMatch: Forbidden: {NEEDS}",
         [(FORBIDDEN, "resourceVersionMatch")]),
        ({"watch": 1, "sendInitialEvents": "true", "resourceVersionMatch": "Exact"},
         f'[resourceVersionMatch: Forbidden: {NEEDS}, resourceVersionMatch: Unsupported value: "Exact": supported values: '
         '"NotOlderThan"]', [(FORBIDDEN, "resourceVersionMatch"), ("FieldValueNotSupported", "resourceVersionMatch")]),
        ({"watch": 1, "resourceVersionMatch": "NotOlderThan"},
         "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
         [(FORBIDDEN, "resourceVersionMatch")]),
        ({"sendInitialEvents": "true"}, "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list",
         [(FORBIDDEN, "sendInitialEvents")]),
        ({"resourceVersionMatch": "NotOlderThan"},
         "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
         [(FORBIDDEN, "resourceVersionMatch")]),
        ({"resourceVersionMatch": "Newest", "resourceVersion": "1"},
         'resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
         [("FieldValueNotSupported", "resourceVersionMatch")]),
        ({"resourceVersionMatch": "Exact", "resourceVersion": "0"},
         'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
         [(FORBIDDEN, "resourceVersionMatch")]),
    ],
)  # fmt: skip
def test_what_may_not_be_asked_together_is_invalid(api: Api, options: Object, said: str, fields: list[tuple[str, str]]) -> None:
    """422 before anything is sent: a reflector can tell a refusal from a failure."""
    failure = refusal(lambda: api.list("configmaps", **options))
    code, reason, details = summary(failure)
    assert (code, reason, details["kind"], details["group"]) == (422, "Invalid", "ListOptions", "meta.k8s.io")
    assert failure.message == f'ListOptions.meta.k8s.io "" is invalid: {said}'
    assert causes(failure) == fields


def test_the_right_to_watch_is_enough(api: Api) -> None:
    """To list is another right, which a client needs only for a server that does not tell all there is."""
    ours(api, "a")
    role(api, "erin", {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["watch"]})
    path = api.path("configmaps", **ALL, **OURS, watch=1, timeoutSeconds=1)

    def seen() -> list[str]:
        """The types of the events, or nothing while the right has not come."""
        said = acting(api, "erin", "get", "--raw", path)
        return [json.loads(line)["type"] for line in said.splitlines() if line.startswith("{")]

    api.cluster.wait_for(lambda: seen()[:2] == ["ADDED", "BOOKMARK"], what="all there is has come")
    assert 'cannot list resource "configmaps"' in acting(api, "erin", "get", "cm")
