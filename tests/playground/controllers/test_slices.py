"""The pure part of EndpointSlices: how endpoints are spread, and how few writes a change takes."""

from typing import Any

from playground.controllers import slices

Object = dict[str, Any]
SERVICE: Object = {"metadata": {"name": "web", "namespace": "shop", "uid": "service"},
                   "spec": {"clusterIP": "10.0.0.1", "ipFamilies": ["IPv4"], "ports": [{"port": 80}]}}  # fmt: skip


def pods(first: int, last: int) -> list[Object]:
    """Ready ones, numbered."""
    ready = [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
    return [
        {"metadata": {"name": f"p{n}", "namespace": "shop", "uid": f"u{n}"}, "spec": {"containers": []},
         "status": {"phase": "Running", "podIPs": [{"ip": f"10.1.{n // 250}.{n % 250}"}], "conditions": ready}}
        for n in range(first, last)
    ]  # fmt: skip


def applied(plan: slices.Plan, present: list[Object]) -> list[Object]:
    """The slices after the plan."""
    written = {found["metadata"]["name"]: found for found in plan.update}
    gone = {found["metadata"]["name"] for found in plan.delete}
    kept = [written.get(found["metadata"]["name"], found) for found in present if found["metadata"]["name"] not in gone]
    made = [one | {"metadata": one["metadata"] | {"name": f"made-{len(present)}-{n}"}} for n, one in enumerate(plan.create)]
    return [*kept, *made]


def fill(selected: list[Object], present: list[Object]) -> list[Object]:
    """One turn of the controller."""
    return applied(slices.planned(SERVICE, selected, present), present)


def test_a_slice_has_at_most_a_hundred_endpoints() -> None:
    """250 pods are in three; each pod once."""
    found = fill(pods(0, 250), [])
    assert sorted(len(one["endpoints"]) for one in found) == [50, 100, 100]
    assert len({endpoint["targetRef"]["uid"] for one in found for endpoint in one["endpoints"]}) == 250


def test_one_more_pod_is_one_write() -> None:
    """Into the slice that has room; the full ones are not touched."""
    present = fill(pods(0, 250), [])
    plan = slices.planned(SERVICE, pods(0, 251), present)
    assert [len(found["endpoints"]) for found in plan.update] == [51]
    assert (plan.create, plan.delete) == ([], [])


def test_nothing_new_is_no_write() -> None:
    """The same pods again."""
    present = fill(pods(0, 120), [])
    assert slices.planned(SERVICE, pods(0, 120), present) == slices.Plan()
    empty = fill([], [])
    assert slices.planned(SERVICE, [], empty) == slices.Plan()


def test_other_pods_are_one_update_and_no_deletion() -> None:
    """The slice that would go is rewritten."""
    present = fill(pods(0, 3), [])
    plan = slices.planned(SERVICE, pods(10, 14), present)
    assert [len(found["endpoints"]) for found in plan.update] == [4]
    assert (plan.create, plan.delete) == ([], [])
    assert plan.update[0]["metadata"]["name"] == present[0]["metadata"]["name"]


def test_the_last_pod_leaves_an_empty_slice() -> None:
    """Without ports, as nobody has them; and the first pod comes back into it."""
    present = fill(pods(0, 1), [])
    (empty,) = fill([], present)
    assert (empty["endpoints"], empty["ports"]) == ([], [])
    (again,) = fill(pods(0, 1), [empty])
    assert [port["port"] for port in again["ports"]] == [80]
    assert len(again["endpoints"]) == 1


def test_pods_without_an_address_or_that_have_ended_are_nowhere() -> None:
    """A pod that is not ready but has an address is there."""
    young, ended, sick = pods(0, 3)
    young["status"].pop("podIPs")
    ended["status"]["phase"] = "Succeeded"
    sick["status"]["conditions"] = []
    (found,) = fill([young, ended, sick], [])
    assert [(one["targetRef"]["name"], one["conditions"]["ready"]) for one in found["endpoints"]] == [("p2", False)]
