"""What a ReplicaSet does with its pods: how many, which go first, and how it counts them."""

from typing import Any

from tests.conformance.workloads.workload import HASH, MERGE, Workload, happened, image_of, version_now

COST = "controller.kubernetes.io/pod-deletion-cost"


def make_set(shop: Workload, replicas: int, image: str = "shop:1", **spec: Any) -> None:
    """A ReplicaSet of its own, without a Deployment."""
    selector = {"matchLabels": {"app": shop.name}}
    body = {"metadata": {"name": shop.name, "labels": {"app": shop.name}},
            "spec": {"replicas": replicas, "selector": selector, "template": shop.template(image), **spec}}  # fmt: skip
    shop.cluster.api("POST", shop.path("replicasets"), body)


def status(shop: Workload) -> dict[str, Any]:
    """Of that ReplicaSet."""
    return dict(shop.cluster.api("GET", shop.path("replicasets", shop.name))["status"])


def test_the_status_counts_the_pods(shop: Workload) -> None:
    """All counts, and the generation that was looked at."""
    make_set(shop, 2)
    wanted = {"replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
              "observedGeneration": 1, "terminatingReplicas": 0}  # fmt: skip
    shop.wait_for(lambda: status(shop) == wanted, f"{wanted}")
    shop.change_set(shop.name, {"spec": {"replicas": 0}})
    shop.wait_for(lambda: status(shop) == {"replicas": 0, "observedGeneration": 2, "terminatingReplicas": 0}, "nothing")


def test_pods_are_made_from_the_template(shop: Workload) -> None:
    """Named after the ReplicaSet, owned by it, with the template's labels."""
    make_set(shop, 1)
    shop.wait_for(lambda: len(shop.pods()) == 1, "a pod")
    (pod,) = shop.pods()
    assert pod["metadata"]["name"].startswith("shop-")
    assert pod["metadata"]["generateName"] == "shop-"
    assert pod["metadata"]["labels"] == {"app": "shop"}
    (owner,) = pod["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"], owner["blockOwnerDeletion"]) == ("ReplicaSet", "shop", True, True)
    shop.wait_for(lambda: shop.events("SuccessfulCreate") == [f"Created pod: {pod['metadata']['name']}"], "its event")
    shop.change_set(shop.name, {"spec": {"replicas": 0}})
    shop.wait_for(lambda: shop.events("SuccessfulDelete") == [f"Deleted pod: {pod['metadata']['name']}"], "its event")


def test_pods_with_a_lower_deletion_cost_go_first(shop: Workload) -> None:
    """Of pods that are all ready. That the controller has seen their costs shows by the label that went in the same writes."""
    template = shop.template("shop:1")
    template["metadata"]["labels"]["unpriced"] = "yes"
    make_set(shop, 3, template=template)
    shop.wait_for(lambda: status(shop).get("readyReplicas") == 3, "three ready pods")
    names = sorted(pod["metadata"]["name"] for pod in shop.pods())
    for name, cost in zip(names, ("10", "-5", "0"), strict=True):
        body = {"metadata": {"annotations": {COST: cost}, "labels": {"unpriced": None}}}
        shop.cluster.api("PATCH", shop.path("pods", name), body, MERGE)
    shop.wait_for(lambda: not status(shop).get("fullyLabeledReplicas"), "all prices seen")
    shop.change_set(shop.name, {"spec": {"replicas": 2}})
    shop.wait_for(lambda: sorted(pod["metadata"]["name"] for pod in shop.pods()) == [names[0], names[2]], "the cheap one gone")
    shop.change_set(shop.name, {"spec": {"replicas": 1}})
    shop.wait_for(lambda: [pod["metadata"]["name"] for pod in shop.pods()] == [names[0]], "the dear one alone")


def test_pods_that_are_not_ready_go_before_ready_ones(shop: Workload) -> None:
    """Whatever they cost."""
    make_set(shop, 1, "shop:1-neverready")
    shop.wait_for(lambda: [pod["status"]["phase"] for pod in shop.pods()] == ["Running"], "a pod that is not ready")
    (sick,) = shop.pods()
    body = {"metadata": {"annotations": {COST: "1000"}}}
    shop.cluster.api("PATCH", shop.path("pods", sick["metadata"]["name"]), body, MERGE)
    shop.change_set(shop.name, {"spec": {"template": shop.template("shop:1"), "replicas": 2}})
    shop.wait_for(lambda: status(shop).get("readyReplicas") == 1, "a ready pod")
    shop.change_set(shop.name, {"spec": {"replicas": 1}})
    shop.wait_for(lambda: len(shop.pods()) == 1, "one pod")
    assert [pod["metadata"]["name"] for pod in shop.pods()] != [sick["metadata"]["name"]]


def test_a_pod_is_available_after_having_been_ready_for_a_while(shop: Workload) -> None:
    """minReadySeconds: ready first, available later."""
    since = version_now(shop.cluster, shop.path("replicasets"))
    make_set(shop, 1, minReadySeconds=2)
    shop.wait_for(lambda: status(shop).get("availableReplicas") == 1, "an available pod")
    seen = [found["status"] for _, found in happened(shop.cluster, shop.path("replicasets"), since)]
    assert (1, 0) in [(one.get("readyReplicas", 0), one.get("availableReplicas", 0)) for one in seen]


def test_a_deleted_pod_is_replaced_before_it_is_gone(shop: Workload) -> None:
    """Pods on their way out are not counted, but as terminating."""
    make_set(shop, 1)
    shop.wait_for(lambda: status(shop).get("readyReplicas") == 1, "a ready pod")
    (pod,) = shop.pods()
    held = {"metadata": {"finalizers": ["example.com/wait"]}}
    path = shop.path("pods", pod["metadata"]["name"])
    shop.cluster.api("PATCH", path, held, MERGE)
    shop.cluster.api("DELETE", path)
    shop.wait_for(lambda: status(shop).get("readyReplicas") == 1 and len(shop.pods()) == 1, "another pod")
    assert shop.pods()[0]["metadata"]["uid"] != pod["metadata"]["uid"]
    shop.cluster.api("PATCH", path, {"metadata": {"finalizers": None}}, MERGE)
    shop.wait_for(lambda: status(shop)["terminatingReplicas"] == 0, "the end of the first")


def test_pods_on_their_way_out_are_counted_apart(shop: Workload) -> None:
    """As long as they still end; by the ReplicaSet and by the Deployment."""
    shop.make(1)
    since = version_now(shop.cluster, shop.path("replicasets"))
    shop.patch({"replicas": 0})
    shop.wait_for(lambda: not shop.cluster.api("GET", shop.path("pods"))["items"], "the end of the pod")
    for resource in ("replicasets", "deployments"):
        shop.wait_for(lambda: _counts(shop, resource, since)[-1:] == [(0, 0)], "nothing left")  # noqa: B023, asked at once
        assert (0, 1) in _counts(shop, resource, since)


def _counts(shop: Workload, resource: str, since: str) -> list[tuple[int, int]]:
    """(pods, those on their way out) at each moment."""
    seen = (found["status"] for _, found in happened(shop.cluster, shop.path(resource), since))
    return [(one.get("replicas", 0), one["terminatingReplicas"]) for one in seen]


def test_a_set_that_may_make_no_pods_says_so(shop: Workload) -> None:
    """ReplicaFailure, FailedCreate, with what the API server said; an event as well."""
    make_set(shop, 0)
    template = shop.template()
    template["spec"]["serviceAccountName"] = "nobody"
    shop.change_set(shop.name, {"spec": {"template": template, "replicas": 1}})
    shop.wait_for(lambda: status(shop).get("conditions"), "a condition")
    (failure,) = status(shop)["conditions"]
    assert (failure["type"], failure["status"], failure["reason"]) == ("ReplicaFailure", "True", "FailedCreate")
    assert 'serviceaccount "nobody" not found' in failure["message"]
    shop.wait_for(lambda: shop.events("FailedCreate"), "an event")


def test_pods_keep_their_template_when_that_of_the_set_changes(shop: Workload) -> None:
    """Only new pods have the new one."""
    make_set(shop, 1)
    shop.wait_for(lambda: status(shop).get("readyReplicas") == 1, "a ready pod")
    shop.change_set(shop.name, {"spec": {"template": shop.template("shop:2"), "replicas": 2}})
    shop.wait_for(lambda: status(shop).get("readyReplicas") == 2, "two ready pods")
    assert sorted(image_of({"spec": {"template": pod}}) for pod in shop.pods()) == ["shop:1", "shop:2"]
    assert HASH not in shop.pods()[0]["metadata"]["labels"]
