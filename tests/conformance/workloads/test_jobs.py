"""The Job controller: what a Job's end looks like, what becomes of its pods, and what they have written."""

from typing import Any

import pytest

from tests.conformance.workloads.workload import Object, Workload
from tests.controlplane.api import ApiFailure


def path(shop: Workload, name: str = "") -> str:
    """The API path of a Job, or of all."""
    return f"/apis/batch/v1/namespaces/{shop.namespace}/jobs" + (f"/{name}" if name else "")


def make(shop: Workload, image: str, restart: str = "Never", **spec: Any) -> Object:
    """A Job of one container; as the API server has it."""
    template = {"spec": {"restartPolicy": restart, "terminationGracePeriodSeconds": 1,
                         "containers": [{"name": "test", "image": image}]}}  # fmt: skip
    body = {"metadata": {"name": "test"}, "spec": {"template": template, **spec}}
    return dict(shop.cluster.api("POST", path(shop), body))


def status(shop: Workload) -> Object:
    """The Job's."""
    return dict(shop.cluster.api("GET", path(shop, "test")).get("status") or {})


def ended(shop: Workload, kind: str) -> Object:
    """Its last condition, once it has ended so."""
    return dict(shop.wait_for(
        lambda: next((c for c in status(shop).get("conditions") or [] if c["type"] == kind and c["status"] == "True"), None),
        f"the Job's {kind}"))  # fmt: skip


def pods_of(shop: Workload) -> list[Object]:
    """Its pods, by the label that Kubernetes gives them."""
    selector = "labelSelector=batch.kubernetes.io%2Fjob-name%3Dtest"
    return list(shop.cluster.api("GET", f"{shop.path('pods')}?{selector}")["items"])


def test_a_job_whose_pod_succeeds_is_complete(shop: Workload) -> None:
    """Its condition, its counts, and its times."""
    make(shop, "shop:1-done")
    condition = ended(shop, "Complete")
    assert (condition["reason"], condition["message"]) == ("CompletionsReached", "Reached expected number of succeeded pods")
    found = status(shop)
    assert (found.get("succeeded"), found.get("failed"), found.get("active")) == (1, None, None)
    assert found["startTime"] <= found["completionTime"]


def test_a_job_without_retries_fails_with_its_first_pod(shop: Workload) -> None:
    """BackoffLimitExceeded, and no second pod."""
    make(shop, "shop:1-crash", backoffLimit=0)
    condition = ended(shop, "Failed")
    expected = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
    assert (condition["reason"], condition["message"]) == expected
    assert status(shop)["failed"] == len(pods_of(shop)) == 1
    assert "completionTime" not in status(shop)


def test_a_pod_that_fails_is_replaced_as_often_as_the_limit_says(shop: Workload) -> None:
    """One retry: two pods, the second some seconds after the first."""
    make(shop, "shop:1-crash", backoffLimit=1)
    ended(shop, "Failed")
    assert status(shop)["failed"] == len(pods_of(shop)) == 2


def test_a_job_that_takes_too_long_fails_and_its_pod_goes(shop: Workload) -> None:
    """DeadlineExceeded; what it wrote goes with the pod."""
    make(shop, "shop:1", activeDeadlineSeconds=2)
    condition = ended(shop, "Failed")
    assert (condition["reason"], condition["message"]) == ("DeadlineExceeded", "Job was active longer than specified deadline")
    shop.wait_for(lambda: not pods_of(shop), "the end of the pod")


def suspended(shop: Workload, answer: str) -> Object:
    """The condition of this name, once its answer is this one."""

    def found() -> Object | None:
        seen = status(shop).get("conditions") or []
        return next((each for each in seen if (each["type"], each["status"]) == ("Suspended", answer)), None)

    return dict(shop.wait_for(found, f"a Job whose condition Suspended is {answer}"))


def turn(shop: Workload, *, old: bool) -> None:
    """Resume it or suspend it as we do: only if it is what it is thought to be."""
    patch = [{"op": "test", "path": "/spec/suspend", "value": old}, {"op": "replace", "path": "/spec/suspend", "value": not old}]
    shop.cluster.api("PATCH", path(shop, "test"), patch, "application/json-patch+json")


def test_a_job_that_is_made_suspended_has_no_pod_and_no_time_runs_until_it_is_resumed(shop: Workload) -> None:
    """Its deadline counts from there; it is resumed once."""
    make(shop, "shop:1-done", suspend=True, activeDeadlineSeconds=600)
    condition = suspended(shop, "True")
    assert (condition["reason"], condition["message"]) == ("JobSuspended", "Job suspended")
    assert "startTime" not in status(shop)
    assert pods_of(shop) == []
    turn(shop, old=True)
    with pytest.raises(ApiFailure) as late:
        turn(shop, old=True)
    assert late.value.status == 422
    condition = suspended(shop, "False")
    assert (condition["reason"], condition["message"]) == ("JobResumed", "Job resumed")
    ended(shop, "Complete")
    assert status(shop)["startTime"] >= condition["lastTransitionTime"]
    assert status(shop)["succeeded"] == len(pods_of(shop)) == 1


def test_a_job_that_is_suspended_loses_its_pod_which_is_no_failure_and_gets_another_when_it_is_resumed(shop: Workload) -> None:
    """Also where one failure would be the end of it; meanwhile it has no beginning."""
    make(shop, "shop:1", backoffLimit=0)
    (first,) = shop.wait_for(lambda: [pod for pod in pods_of(shop) if pod["status"]["phase"] == "Running"], "a pod that runs")
    turn(shop, old=False)
    suspended(shop, "True")
    shop.wait_for(lambda: not pods_of(shop) and not status(shop).get("terminating"), "the end of the pod")
    found = status(shop)
    assert [found.get(name) for name in ("active", "failed", "startTime")] == [None, None, None]
    turn(shop, old=True)
    (second,) = shop.wait_for(lambda: pods_of(shop), "another pod")
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    found = status(shop)
    assert "failed" not in found
    assert [each["type"] for each in found["conditions"]] == ["Suspended"]


def test_its_pods_have_its_labels_and_its_selector_is_of_its_uid(shop: Workload) -> None:
    """Nothing has to be chosen, and no two Jobs share pods."""
    made = make(shop, "shop:1-done")
    uid = made["metadata"]["uid"]
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert made["spec"]["backoffLimit"] == 6
    (pod,) = shop.wait_for(lambda: pods_of(shop), "a pod")
    labels = pod["metadata"]["labels"]
    assert (labels["job-name"], labels["controller-uid"]) == ("test", uid)
    (owner,) = pod["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Job", uid, True)


def test_the_last_lines_of_an_ended_pod_can_be_read(shop: Workload) -> None:
    """Of the container that is named; by lines, and by bytes."""
    make(shop, "shop:1-crash", backoffLimit=0)
    ended(shop, "Failed")
    (pod,) = pods_of(shop)
    where = f"{shop.path('pods', pod['metadata']['name'])}/log?container=test"
    said = shop.cluster.api("GET", f"{where}&tailLines=1")
    assert said == "crashing, as the image's tag says\n"
    assert shop.cluster.api("GET", f"{where}&limitBytes=8") == "crashing"


def test_a_job_is_refused_whose_pods_would_never_end(shop: Workload) -> None:
    """Always is no restart policy for it; and a template stays as it is."""
    with pytest.raises(ApiFailure) as refused:
        make(shop, "shop:1", restart="Always")
    assert refused.value.status == 422
    assert 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"' in str(refused.value)
    make(shop, "shop:1-done")
    change = {"spec": {"template": {"spec": {"activeDeadlineSeconds": 5}}}}
    with pytest.raises(ApiFailure) as fixed:
        shop.cluster.api("PATCH", path(shop, "test"), change, "application/merge-patch+json")
    assert "field is immutable" in str(fixed.value)


def test_a_deleted_job_takes_its_pods_along(shop: Workload) -> None:
    """In the background, also while they run."""
    make(shop, "shop:1")
    shop.wait_for(lambda: pods_of(shop), "a pod")
    shop.cluster.api("DELETE", path(shop, "test"), {"propagationPolicy": "Background"})
    shop.wait_for(lambda: not pods_of(shop), "the end of the pod")


def test_a_job_goes_by_itself_some_time_after_its_end(shop: Workload) -> None:
    """As ttlSecondsAfterFinished says."""
    make(shop, "shop:1-done", ttlSecondsAfterFinished=1)
    shop.wait_for(lambda: shop.cluster.find(path(shop, "test")) is None, "the end of the Job")
