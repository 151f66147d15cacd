"""Watches without a socket: from a version on, with selectors, bookmarks, an end, and a past that is forgotten."""

import pytest

from tests.playground.asking import MERGE, Asking, config_map, events

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def api() -> Asking:
    """Its history is four events long."""
    return Asking(history=4)


def test_a_watch_tells_what_is_and_then_what_happens(api: Asking) -> None:
    """Without a version: the present first."""
    api.ask("POST", MAPS, config_map("a"))
    watch = api.watch(f"{MAPS}?watch=true")
    assert [(kind, obj["metadata"]["name"]) for kind, obj in events(watch)] == [("ADDED", "a")]
    api.ask("PATCH", f"{MAPS}/a", {"data": {"x": "1"}}, MERGE)
    api.ask("DELETE", f"{MAPS}/a")
    assert [kind for kind, _ in events(watch)] == ["MODIFIED", "DELETED"]


def test_a_watch_from_a_version_tells_everything_since(api: Asking) -> None:
    """In the order of versions, each once."""
    version = api.ask("POST", MAPS, config_map("a"))["metadata"]["resourceVersion"]
    api.ask("PATCH", f"{MAPS}/a", {"data": {"x": "1"}}, MERGE)
    watch = api.watch(f"{MAPS}?watch=true&resourceVersion={version}")
    api.ask("PATCH", f"{MAPS}/a", {"data": {"x": "2"}}, MERGE)
    assert [(kind, obj["data"]) for kind, obj in events(watch)] == [("MODIFIED", {"x": "1"}), ("MODIFIED", {"x": "2"})]


def test_what_is_forgotten_is_gone(api: Asking) -> None:
    """410 Expired, as an event, and the watch ends; other kinds' events do not count."""
    version = api.ask("POST", MAPS, config_map("a"))["metadata"]["resourceVersion"]
    for number in range(5):
        api.ask("POST", "/api/v1/namespaces/default/secrets", {"metadata": {"name": f"s{number}"}})
    assert not api.watch(f"{MAPS}?watch=true&resourceVersion={version}").ended
    for number in range(5):
        api.ask("PATCH", f"{MAPS}/a", {"data": {"x": str(number)}}, MERGE)
    watch = api.watch(f"{MAPS}?watch=true&resourceVersion={version}")
    ((kind, status),) = events(watch)
    assert (kind, status["code"], status["reason"], watch.ended) == ("ERROR", 410, "Expired", True)


def test_what_stops_matching_is_deleted_for_the_reader(api: Asking) -> None:
    """With its last state that matched; what begins to match is added."""
    watch = api.watch(f"{MAPS}?watch=true&labelSelector=on%3Dyes&resourceVersion={api.server.store.version}")
    api.ask("POST", MAPS, config_map("a"))
    for label in ("yes", "yes", "no", "yes"):
        api.ask("PATCH", f"{MAPS}/a", {"metadata": {"labels": {"on": label}}}, MERGE)
    seen = events(watch)
    assert [kind for kind, _ in seen] == ["ADDED", "DELETED", "ADDED"]
    assert [obj["metadata"]["labels"]["on"] for _, obj in seen] == ["yes", "yes", "yes"]
    versions = [int(obj["metadata"]["resourceVersion"]) for _, obj in seen]
    assert versions == sorted(set(versions))


def test_the_end_of_the_beginning_is_marked(api: Asking) -> None:
    """sendInitialEvents: everything as ADDED, then a bookmark that says so."""
    api.ask("POST", MAPS, config_map("a"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    (_, added), (kind, bookmark) = events(api.watch(f"{MAPS}?{query}"))
    assert (added["metadata"]["name"], kind) == ("a", "BOOKMARK")
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert bookmark["metadata"]["resourceVersion"] == str(api.server.store.version)


def test_bookmarks_come_each_minute_and_the_end_on_time(api: Asking) -> None:
    """In the loop's time; nothing is left behind when a watch has ended."""
    watch = api.watch(f"{MAPS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=150&resourceVersion={api.server.store.version}")
    api.loop.advance(130)
    assert [kind for kind, _ in events(watch)] == ["BOOKMARK", "BOOKMARK"]
    api.loop.advance(30)
    assert (watch.ended, [kind for kind, _ in events(watch)]) == (True, ["BOOKMARK"])
    api.ask("POST", MAPS, config_map("a"))
    assert watch.take() == b""
    assert api.loop.next_due is None


def test_a_table_names_its_columns_once(api: Asking) -> None:
    """As kubectl get -w expects it."""
    watch = api.watch(f"{MAPS}?watch=1", accept="application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
    for name in ("a", "b"):
        api.ask("POST", MAPS, config_map(name))
    (_, first), (_, second) = events(watch)
    assert first["columnDefinitions"][0]["name"] == "Name"
    assert second["columnDefinitions"] is None
    assert second["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


def test_ages_in_a_watched_table_grow(api: Asking) -> None:
    """They are counted to the moment of the event, not to that of the request."""
    watch = api.watch(f"{MAPS}?watch=1", accept="application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
    api.ask("POST", MAPS, config_map("a"))
    api.loop.advance(5)
    api.ask("DELETE", f"{MAPS}/a")
    assert [table["rows"][0]["cells"][-1] for _, table in events(watch)] == ["0s", "5s"]


def test_in_process_watchers_are_told_in_tasks_of_their_own(api: Asking) -> None:
    """First what there is; nothing after they have stopped, not even what was on its way."""
    api.ask("POST", MAPS, config_map("a"))
    seen: list[tuple[str, str]] = []
    stop = api.client.watch("configmaps", lambda kind, obj: seen.append((kind, obj["metadata"]["name"])))
    assert seen == []
    api.loop.settle()
    api.client.create("configmaps", config_map("b"), "default")
    api.client.delete("configmaps", "a", "default")
    assert seen == [("ADDED", "a")]
    api.loop.settle()
    assert seen == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]
    api.client.delete("configmaps", "b", "default")
    stop()
    api.loop.settle()
    assert len(seen) == 3


def test_a_version_is_encoded_once_for_all_readers(api: Asking) -> None:
    """Gets, lists and watches share the bytes: an idle cluster with many watchers costs nothing."""
    api.ask("POST", MAPS, config_map("a"))
    (stored,) = api.server.store.collection("", "configmaps").within("default")
    first = stored.encoded
    api.ask("GET", f"{MAPS}/a")
    api.watch(f"{MAPS}?watch=1").close()
    assert stored.encoded is first
