"""The pure parts: sizes, templates, revisions, conditions, ranking."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.controllers import ranking
from playground.controllers.deployment import revisions, sizes, status, templates

Object = dict[str, Any]
LATE = "2026-01-01T00:00:58Z"


def deployment(replicas: int, surge: int | str = "25%", unavailable: int | str = "25%", **found: Any) -> Object:
    """With a rolling update."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    return {"metadata": {"name": "web", "generation": 1}, "spec": {"replicas": replicas, "strategy": strategy}, **found}


def replica_set(name: str, replicas: int, most: int | None = None) -> Object:
    """Made in the order of the names."""
    annotations = {} if most is None else {revisions.MOST: str(most)}
    metadata = {"name": name, "uid": name, "creationTimestamp": f"2026-01-01T00:00:0{len(name)}Z", "annotations": annotations}
    return {"metadata": metadata, "spec": {"replicas": replicas}}


@pytest.mark.parametrize(("replicas", "surge", "unavailable", "expected"), [
    (10, "25%", "25%", (3, 2)), (2, 0, "1%", (0, 1)), (1, "1%", "25%", (1, 0)), (2, "1%", 0, (1, 0)), (4, "100%", 0, (4, 0)),
    (3, 1, 5, (1, 3)), (0, "25%", "25%", (0, 0)),
])  # fmt: skip
def test_bounds_are_resolved_in_pods(replicas: int, surge: int | str, unavailable: int | str, expected: tuple[int, int]) -> None:
    """Surge is rounded up, unavailability down; both nothing becomes one unavailable, never more than there are."""
    assert sizes.bounds(deployment(replicas, surge, unavailable)) == expected


@given(
    wanted=st.integers(0, 60), present=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    surge=st.integers(0, 10), before=st.integers(1, 80),
)  # fmt: skip
def test_proportional_scaling_hands_out_exactly_what_is_to_be_handed_out(
    wanted: int, present: list[int], surge: int, before: int
) -> None:
    """The sum is the wanted size with its surge, unless that would need a negative size; nobody is below zero."""
    active = [replica_set("r" * (index + 1), size, before) for index, size in enumerate(present)]
    planned = sizes.proportional(deployment(wanted, surge, 1), active)
    assert {found["metadata"]["name"] for found, _ in planned} == {found["metadata"]["name"] for found in active}
    assert all(size >= 0 for _, size in planned)
    allowed = wanted + surge if wanted else 0
    assert sum(size for _, size in planned) >= allowed
    if allowed >= sum(present):
        assert sum(size for _, size in planned) == allowed


def test_of_equal_sets_the_newer_gains_first_and_the_older_loses_first() -> None:
    """And the first of them gets what is left over."""
    active = [replica_set("a", 3, 6), replica_set("bb", 3, 6)]
    grown = sizes.proportional(deployment(9, 2, 1), active)
    assert [(found["metadata"]["name"], size) for found, size in grown] == [("bb", 6), ("a", 5)]
    shrunk = sizes.proportional(deployment(3, 0, 1), active)
    assert [(found["metadata"]["name"], size) for found, size in shrunk] == [("a", 1), ("bb", 2)]


@pytest.mark.parametrize(("one", "other", "equal"), [
    ({"resources": {"limits": {"memory": "1Gi"}}}, {"resources": {"limits": {"memory": "1073741824"}}}, True),
    ({"resources": {"limits": {"cpu": "0.5"}}}, {"resources": {"limits": {"cpu": "500m"}}}, True),
    ({"resources": {"limits": {"cpu": "1"}}}, {"resources": {"limits": {"cpu": "1m"}}}, False),
    ({"env": [{"name": "LIMIT", "value": "1Gi"}]}, {"env": [{"name": "LIMIT", "value": "1073741824"}]}, False),
    ({"securityContext": {}}, {}, False),
    ({"command": ["a", "b"]}, {"command": ["b", "a"]}, False),
])  # fmt: skip
def test_templates_are_compared_by_what_they_mean(one: Object, other: Object, equal: bool) -> None:
    """Amounts by value, everything else as it is written."""
    made = [{"metadata": {}, "spec": {"containers": [{"name": "app"} | extra]}} for extra in (one, other)]
    assert templates.are_equal(made[0], made[1]) is equal
    assert (templates.hash_of(made[0], None) == templates.hash_of(made[1], None)) is equal


def test_the_hash_is_of_the_template_without_its_hash_and_of_the_collisions() -> None:
    """In letters that make no words."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {}}
    value = templates.hash_of(template, None)
    marked = {"metadata": templates.with_hash(template["metadata"], "labels", value), "spec": {}}
    assert templates.hash_of(marked, None) == value
    assert templates.hash_of(template, 1) != value
    assert not set(value) - set("bcdfghjklmnpqrstvwxz2456789")


def test_the_history_of_revisions_has_a_limit() -> None:
    """The oldest numbers are forgotten."""
    past = ",".join(str(number) for number in range(1, 600))
    new = {"metadata": {"annotations": {revisions.REVISION: "600", revisions.HISTORY: past}}}
    history = revisions.of_new({"metadata": {}}, new, 700)[revisions.HISTORY]
    assert len(history) <= revisions.LONGEST_HISTORY
    assert history.endswith(",599,600")


def test_a_revision_that_is_no_number_is_left_alone() -> None:
    """Whoever wrote it."""
    new = {"metadata": {"annotations": {revisions.REVISION: "seven"}}}
    assert revisions.of_new({"metadata": {"annotations": {"team": "shop"}}}, new, 3) == {revisions.REVISION: "seven"}


def test_a_condition_moves_its_time_of_transition_only_with_its_status() -> None:
    """And nothing at all with the same reason."""
    before = status.with_condition({}, status.made("Progressing", "True", "ReplicaSetUpdated", "a", 1_000))
    assert status.with_condition(before, status.made("Progressing", "True", "ReplicaSetUpdated", "b", 2_000)) is before
    made = status.made("Progressing", "True", "NewReplicaSetAvailable", "c", 2_000)
    (after,) = status.with_condition(before, made)["conditions"]
    assert after["lastTransitionTime"] == "1970-01-01T00:16:40Z"
    assert after["lastUpdateTime"] == "1970-01-01T00:33:20Z"


def pod(name: str, *, node: str = "n", phase: str = "Running", ready: int | None = 0, **extra: Any) -> Object:
    """`ready`: since when, in seconds."""
    since = f"2026-01-01T00:00:{ready or 0:02}Z"
    conditions = [] if ready is None else [{"type": "Ready", "status": "True", "lastTransitionTime": since}]
    metadata = {"name": name, "uid": name, "creationTimestamp": "2026-01-01T00:00:00Z", **extra.pop("metadata", {})}
    return {"metadata": metadata, "spec": {"nodeName": node}, "status": {"phase": phase, "conditions": conditions, **extra}}


@pytest.mark.parametrize(("goes", "stays"), [
    pytest.param(pod("z", node=""), pod("a", phase="Pending", ready=None), id="unassigned"),
    pytest.param(pod("z", phase="Pending"), pod("a", ready=None), id="pending"),
    pytest.param(pod("z", ready=None), pod("a"), id="not ready"),
    pytest.param(pod("z", metadata={"annotations": {ranking._COST: "-1"}}), pod("a"), id="cheaper"),
    pytest.param(pod("z", ready=58), pod("a"), id="ready for less time"),
    pytest.param(pod("z", containerStatuses=[{"restartCount": 2}]), pod("a"), id="restarts"),
    pytest.param(pod("z", ready=None, metadata={"creationTimestamp": LATE}), pod("a", ready=None), id="younger"),
])  # fmt: skip
def test_which_pod_goes_first(goes: Object, stays: Object) -> None:
    """Each comparison by itself, against the order of names."""
    now = 1767225660.0  # 2026-01-01T00:01:00Z
    assert ranking.first_to_go([stays, goes], [stays, goes], 1, now) == [goes]


def test_a_pod_in_a_crowd_goes_before_a_lonely_one() -> None:
    """Pods of all ReplicaSets of the owner count."""
    crowded, lonely, other = pod("z"), pod("a", node="m"), pod("o")
    assert ranking.first_to_go([lonely, crowded], [lonely, crowded, other], 1, 1767225660.0) == [crowded]
