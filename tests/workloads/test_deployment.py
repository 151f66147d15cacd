"""The Deployment adapter: what is read, and patches that do one thing or, when the world has moved on, nothing."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api import names
from controller.workloads import deployment
from strategies.world import effects as e
from tests.patching import Refused, applied

Object = dict[str, Any]
STRATEGY = '{"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}, "type": "RollingUpdate"}'


def made(**spec: Any) -> Object:
    """A held Deployment with these fields of spec."""
    return {
        "metadata": {"name": "shop", "namespace": "prod", "uid": "u1", "generation": 7, "labels": {names.HELD: "true",
                     names.RELEASE: "shop"}, "annotations": {names.CHANGED_BY: "anna"}},
        "spec": {"replicas": 4, "paused": True, "selector": {"matchLabels": {"app": "shop"}},
                 "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
                 "template": {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "a", "image": "a:2"}]}},
                 **spec},
        "status": {},
    }  # fmt: skip


def take(found: Object) -> Object:
    """The Deployment after the wheel was taken."""
    strategy = deployment.read_workload(found, None, None).strategy
    return applied(found, deployment.take_wheel(found, e.TakeWheel(strategy=strategy)))


def test_taking_the_wheel_and_giving_it_back_leaves_the_deployment_as_it_was_but_running() -> None:
    """Strategy, labels and annotations are the owner's again; paused and held are gone."""
    driven = take(made())
    assert driven["spec"]["strategy"] == {"type": "Recreate"}
    assert deployment.read_workload(driven, None, None).strategy == STRATEGY
    back = applied(driven, deployment.give_back(driven, e.GiveBack(strategy=STRATEGY, generation=7, resume=True)))
    assert back["spec"] == {**made()["spec"], "paused": False}
    assert back["metadata"]["labels"] == {names.RELEASE: "shop"}
    assert back["metadata"]["annotations"] == {}


def test_the_wheel_is_not_taken_of_a_deployment_that_runs() -> None:
    """Unpaused, Recreate would take stable away at once."""
    with pytest.raises(Refused):
        take(made(paused=False))


def test_a_template_that_arrives_in_between_keeps_the_wheel_where_it_is() -> None:
    """The write is made for one generation."""
    driven = take(made())
    driven["metadata"]["generation"] = 8
    with pytest.raises(Refused):
        applied(driven, deployment.give_back(driven, e.GiveBack(strategy=STRATEGY, generation=7, resume=True)))


def test_a_rejected_template_stays_paused_and_held_when_the_wheel_is_given_back() -> None:
    """Only strategy and mark change."""
    driven = take(made())
    back = applied(driven, deployment.give_back(driven, e.GiveBack(strategy=STRATEGY, generation=7, resume=False)))
    assert back["spec"] == made()["spec"]
    assert names.HELD in back["metadata"]["labels"]


@pytest.mark.parametrize("resume", [True, False])
def test_leaving_takes_every_name_of_ours_off(resume: bool) -> None:
    """And the Deployment runs on only if its template is stable's."""
    driven = take(made())
    left = applied(driven, deployment.unclaim(driven, e.Unclaim(strategy=STRATEGY, resume=resume)))
    ours = [k for k in [*left["metadata"]["labels"], *left["metadata"].get("annotations", {})] if names.GROUP in k]
    assert ours == []
    assert left["spec"] == {**made()["spec"], "paused": not resume}


def test_claiming_fails_when_somebody_else_was_faster() -> None:
    """Whatever was changed: labels alone raise no generation."""
    found = made()
    found["metadata"]["resourceVersion"] = "41"
    del found["metadata"]["labels"][names.RELEASE]
    patch = deployment.claim(found, "shop")
    assert applied(found, patch)["metadata"]["labels"][names.RELEASE] == "shop"
    found["metadata"]["resourceVersion"] = "42"
    with pytest.raises(Refused):
        applied(found, patch)


def test_a_deployment_without_labels_can_be_claimed() -> None:
    """The map is made with the label."""
    found = made()
    found["metadata"]["resourceVersion"] = "41"
    del found["metadata"]["labels"]
    assert applied(found, deployment.claim(found, "shop"))["metadata"]["labels"] == {names.RELEASE: "shop"}


@given(old=st.integers(0, 9), new=st.integers(0, 9), seen=st.integers(0, 9), uid=st.sampled_from(["r1", "r2"]))
def test_scaling_is_done_only_to_the_replica_set_and_from_the_size_that_was_seen(old: int, new: int, seen: int, uid: str) -> None:
    """A late write of a deposed leader fails."""
    found = {"metadata": {"uid": "r1"}, "spec": {"replicas": old}}
    patch = deployment.scale(e.Scale(replica_set="shop-1", uid=uid, old=seen, new=new))
    if (uid, seen) == ("r1", old):
        assert applied(found, patch)["spec"]["replicas"] == new
    else:
        with pytest.raises(Refused):
            applied(found, patch)


def test_the_candidate_is_what_kubernetes_would_make_with_no_pods_and_our_hash() -> None:
    """Owner, selector, labels, minReadySeconds; no label of ours; the Deployment's template is not touched."""
    found = made(minReadySeconds=5)
    before = deepcopy(found)
    replica_set = deployment.candidate(found, e.CreateReplicaSet(name="shop-1-ab", hash="1-ab", generation=7))
    assert found == before
    labels = {"app": "shop", names.HASH: "1-ab"}
    assert replica_set["metadata"]["labels"] == replica_set["spec"]["selector"]["matchLabels"] == labels
    assert replica_set["spec"]["template"]["metadata"]["labels"] == labels
    assert replica_set["spec"]["template"]["spec"] == found["spec"]["template"]["spec"]
    assert (replica_set["spec"]["replicas"], replica_set["spec"]["minReadySeconds"]) == (0, 5)
    assert deployment.owned_by(replica_set, "u1")
    assert deployment.owner_name(replica_set) == "shop"


LIMITS = [
    # replicas, maxSurge, maxUnavailable: pods
    (4, "25%", "25%", 1, 1), (10, "25%", "25%", 3, 2), (3, "25%", "25%", 1, 0), (4, 2, 0, 2, 0), (1, "10%", "10%", 1, 0),
    (4, 0, "10%", 0, 1), (4, 0, 0, 0, 1), (0, "25%", "25%", 0, 1),
]  # fmt: skip


@pytest.mark.parametrize(("replicas", "surge", "unavailable", "up", "down"), LIMITS)
def test_limits_are_rounded_as_kubernetes_does(
    replicas: int, surge: int | str, unavailable: int | str, up: int, down: int
) -> None:
    """Surge up, unavailable down, and never both 0."""
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    workload = deployment.read_workload(made(replicas=replicas, strategy=rolling), None, None)
    assert (workload.max_surge, workload.max_unavailable) == (up, down)


@pytest.mark.parametrize("annotation", [None, "not JSON", "[]", '"RollingUpdate"'])
def test_a_broken_annotation_of_a_driven_deployment_is_no_error(annotation: str | None) -> None:
    """A person may have changed it; the commit has the strategy, and what stands in the spec is read."""
    driven = take(made())
    if annotation is None:
        del driven["metadata"]["annotations"][names.STRATEGY]
    else:
        driven["metadata"]["annotations"][names.STRATEGY] = annotation
    assert deployment.read_workload(driven, None, None).recreate
    back = applied(driven, deployment.give_back(driven, e.GiveBack(strategy=STRATEGY, generation=7, resume=True)))
    assert back["spec"]["strategy"]["type"] == "RollingUpdate"


def test_a_rejection_is_shown_and_taken_back_among_others_conditions() -> None:
    """Only Progressing changes, and only our own message counts as shown."""
    found = made()
    native = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "ReplicaSet x has timed out"}
    found["status"] = {"conditions": [{"type": "Available", "status": "True"}, native]}
    assert not deployment.read_workload(found, None, None).failure_shown
    shown = deployment.progressing(found, failed=True, message="Release shop: rejected", now="2026-01-01T00:00:00Z")
    found = applied(found, shown)
    assert [c["type"] for c in found["status"]["conditions"]] == ["Available", "Progressing"]
    assert deployment.read_workload(found, None, None).failure_shown
    cleared = deployment.progressing(found, failed=False, message="paused", now="2026-01-01T00:00:01Z")
    assert not deployment.read_workload(applied(found, cleared), None, None).failure_shown


def test_a_kept_template_is_written_back_without_the_hash() -> None:
    """Keep and write are a round trip, for the generation that was seen."""
    release = {"metadata": {"name": "shop", "namespace": "prod", "uid": "r"}}
    replica_set = deployment.candidate(made(), e.CreateReplicaSet(name="shop-1-ab", hash="1-ab", generation=7))
    kept = deployment.keep(release, replica_set, e.Keep(replica_set="shop-1-ab", hash="1-ab", version=None))
    other = made(template={"metadata": {}, "spec": {}})
    written = applied(other, deployment.write_template(e.WriteTemplate(kept="x", generation=7), kept))
    assert written["spec"]["template"] == made()["spec"]["template"]
    assert names.HASH in replica_set["spec"]["template"]["metadata"]["labels"]


def test_the_probe_counts_as_held_only_with_both_paused_and_the_mark() -> None:
    """A Deployment that a person paused proves nothing."""
    assert deployment.is_held(made())
    assert not deployment.is_held(made(paused=False))
    unmarked = made()
    unmarked["metadata"]["labels"] = {}
    assert not deployment.is_held(unmarked)


def test_a_mark_of_kubernetes_is_removed_from_this_replica_set_only() -> None:
    """Its uid is tested."""
    found = {"metadata": {"uid": "r1", "annotations": {names.DESIRED_REPLICAS: "4"}}}
    assert applied(found, deployment.unmark(e.Unmark(replica_set="a", uid="r1")))["metadata"]["annotations"] == {}
    with pytest.raises(Refused):
        applied(found, deployment.unmark(e.Unmark(replica_set="a", uid="r2")))
