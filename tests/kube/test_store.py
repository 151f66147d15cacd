"""The store's rule about old and new, as tables."""

import pytest

from controller.kube.store import Change, Store, key_of, without_managed_fields
from tests.kube.serving import thing


def filled(*objects: dict[str, object], version: str = "10") -> Store:
    """A store after its first list."""
    store = Store()
    store.replace({(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in objects}, version)  # type: ignore[index]
    return store


def stored_version(store: Store, name: str = "a") -> str | None:
    """The resourceVersion in the store."""
    found = store.get("shop", name)
    return None if found is None else str(found["metadata"]["resourceVersion"])


def test_managed_fields_are_dropped_unless_the_trim_keeps_them() -> None:
    """A third of the bytes is not kept for nothing."""
    full = thing("a", 1)
    full["metadata"]["managedFields"] = [{"manager": "x"}]
    keeping = Store(trim=lambda obj: obj)
    keeping.apply("ADDED", full)
    assert keeping.get("shop", "a") == full
    dropping = Store()
    dropping.apply("ADDED", without_managed_fields(full))
    assert "managedFields" not in (dropping.get("shop", "a") or {})["metadata"]


def test_reading_by_name_and_by_namespace() -> None:
    """The two questions a reader has; an emptied namespace leaves nothing behind."""
    store = filled(thing("a", 1), thing("b", 2), thing("c", 3, namespace="other"))
    assert [key_of(obj) for obj in store.list()] == [("shop", "a"), ("shop", "b"), ("other", "c")]
    assert [each["metadata"]["name"] for each in store.list("shop")] == ["a", "b"]
    assert len(store.list()) == 3
    store.apply("DELETED", thing("c", 11, namespace="other"))
    assert store.list("other") == []
    assert store.get("nowhere", "a") is None


def test_an_own_write_is_seen_at_once_and_not_undone_by_an_older_event() -> None:
    """Read-your-writes: the watch may lag behind our own answer."""
    store = filled(thing("a", 5))
    assert store.remember(thing("a", 20, mine=True))
    assert store.apply("MODIFIED", thing("a", 15)) is None
    assert stored_version(store) == "20"


def test_the_event_of_an_own_write_is_no_news_and_what_comes_after_it_is() -> None:
    """Be it a change or a new object, seen in the watch or in a list."""
    store = filled(thing("a", 5))
    store.remember(thing("a", 20))
    store.remember(thing("a", 21))
    store.remember(thing("b", 22))
    store.remember(thing("c", 23))
    assert store.apply("MODIFIED", thing("a", 21)) is None
    assert store.apply("ADDED", thing("b", 22)) is None
    listed = {("shop", name): thing(name, version) for name, version in (("a", 21), ("b", 22), ("c", 23))}
    assert store.replace(listed, "24") == []
    assert store.apply("MODIFIED", thing("a", 25)) == Change(thing("a", 21), thing("a", 25))
    assert store.apply("DELETED", thing("b", 26)) == Change(thing("b", 22), None)


@pytest.mark.parametrize("version", [9, 10])
def test_an_answer_that_comes_after_the_watch_is_no_news(version: int) -> None:
    """A late answer must not bring back an object that the watch has already buried."""
    store = filled(thing("a", 5))
    store.apply("DELETED", thing("a", 10))
    assert not store.remember(thing("a", version))
    assert store.get("shop", "a") is None


def test_a_bookmark_counts_as_having_seen() -> None:
    """Up to a bookmark's version there is nothing left to learn from an old answer."""
    store = filled(thing("a", 5))
    store.advance("30")
    assert not store.remember(thing("a", 25))
    assert store.remember(thing("a", 31))


def test_an_own_create_survives_the_event_of_its_predecessors_end() -> None:
    """Deleted and made again: the old one's DELETED is not about the new one."""
    store = filled(thing("a", 5, uid="old"))
    store.remember(thing("a", 20, uid="new"))
    assert store.apply("DELETED", thing("a", 15, uid="old")) is None
    assert stored_version(store) == "20"


def test_a_recreated_object_replaces_whatever_was_there() -> None:
    """Nothing is compared across uids that come from the watch itself."""
    store = filled(thing("a", 5, uid="old"))
    change = store.apply("ADDED", thing("a", 12, uid="new"))
    assert change is not None
    assert change.new is not None
    assert change.new["metadata"]["uid"] == "new"


def test_a_relist_reports_new_changed_and_gone_and_nothing_else() -> None:
    """Deletes in the gap become tombstones; what stayed the same disturbs nobody."""
    same, old, gone, fresh = thing("same", 1), thing("old", 2), thing("gone", 3), thing("fresh", 12)
    store = filled(same, old, gone)
    changed = thing("old", 11)
    changes = store.replace({("shop", "same"): thing("same", 1), ("shop", "old"): changed, ("shop", "fresh"): fresh}, "15")
    assert changes == [Change(old, changed), Change(gone, None), Change(None, fresh)]


def test_a_relist_keeps_an_own_write_that_is_younger_than_the_list() -> None:
    """The list was read before the write: both its absence and its old state are no news."""
    store = filled(thing("a", 5))
    store.remember(thing("a", 20))
    store.remember(thing("b", 21))
    assert store.replace({("shop", "a"): thing("a", 5)}, "18") == []
    assert (stored_version(store, "a"), stored_version(store, "b")) == ("20", "21")


def test_a_list_from_before_everything_is_a_restored_etcd_and_wins() -> None:
    """Versions went back: keeping ours as newer would keep them for ever."""
    store = filled(thing("a", 5))
    store.remember(thing("a", 20))
    store.apply("ADDED", thing("b", 19))
    store.replace({("shop", "a"): thing("a", 3)}, "4")
    assert stored_version(store) == "3"
    assert store.get("shop", "b") is None
    assert store.apply("MODIFIED", thing("a", 5)) is not None


def test_a_version_that_is_no_number_is_taken_as_new() -> None:
    """Without comparable versions the watch is simply believed, and answers are not remembered."""
    store = filled()
    odd = thing("a", 1)
    odd["metadata"]["resourceVersion"] = "w/17"
    assert not store.remember(odd)
    assert store.apply("ADDED", odd) is not None
    assert store.apply("MODIFIED", odd) is not None
