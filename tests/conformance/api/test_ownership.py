"""managedFields and server-side apply: who owns what, and how an owner's next apply stays free of conflicts."""

from typing import Any

from tests.conformance.api.calls import Api, Object, causes, config_map, deployment, refusal, service, summary

Entry = tuple[str, str, str]


def entries(found: Object) -> set[Entry]:
    """Manager, operation and subresource of each entry."""
    fields = found["metadata"].get("managedFields", [])
    return {(e["manager"], e["operation"], e.get("subresource", "")) for e in fields}


def owned(found: Object, manager: str, subresource: str = "") -> Any:
    """What this manager owns, as a FieldsV1."""
    fields = found["metadata"]["managedFields"]
    (entry,) = [e for e in fields if e["manager"] == manager and e.get("subresource", "") == subresource]
    assert entry["fieldsType"] == "FieldsV1"
    return entry["fieldsV1"]


def drop(api: Api, resource: str, found: Object, manager: str) -> Object:
    """Take a manager's entry out, if it is still where it was seen."""
    managers = [e["manager"] for e in found["metadata"]["managedFields"]]
    path = f"/metadata/managedFields/{managers.index(manager)}"
    patch = [{"op": "test", "path": f"{path}/manager", "value": manager}, {"op": "remove", "path": path}]
    return api.patch(resource, found["metadata"]["name"], patch, fieldManager="dropping")


def applied(name: str, **data: str) -> Object:
    """A ConfigMap for server-side apply."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_each_writer_has_an_entry_of_what_it_has_set(api: Api) -> None:
    """Create, update and patch are Update; fields go to the one who changed them last."""
    made = api.create("configmaps", config_map("a", {"x": "1", "y": "1"}), fieldManager="maker")
    assert owned(made, "maker") == {"f:data": {".": {}, "f:x": {}, "f:y": {}}}
    changed = api.merge("configmaps", "a", {"data": {"y": "2", "z": "1"}}, fieldManager="changer")
    assert entries(changed) == {("maker", "Update", ""), ("changer", "Update", "")}
    assert owned(changed, "maker") == {"f:data": {".": {}, "f:x": {}}}
    assert owned(changed, "changer") == {"f:data": {"f:y": {}, "f:z": {}}}
    removed = api.merge("configmaps", "a", {"data": {"z": None}}, fieldManager="third")
    assert owned(removed, "changer") == {"f:data": {"f:y": {}}}
    assert entries(removed) == {("maker", "Update", ""), ("changer", "Update", "")}


def test_a_manager_is_named_by_the_client_if_not_by_the_call(api: Api) -> None:
    """The first part of its User-Agent."""
    assert entries(api.create("configmaps", config_map("a"))) == {("test-admin", "Update", "")}


def test_a_subresource_has_entries_of_its_own(api: Api) -> None:
    """Status and scale, apart from the same manager's on the object itself."""
    api.create("deployments", deployment("d"), fieldManager="us")
    condition = {"type": "Ours", "status": "True", "lastUpdateTime": None, "lastTransitionTime": None}
    found = api.merge("deployments", "d", {"status": {"conditions": [condition]}}, "status", fieldManager="us")
    assert {("us", "Update", ""), ("us", "Update", "status")} <= entries(found)
    assert 'k:{"type":"Ours"}' in owned(found, "us", "status")["f:status"]["f:conditions"]
    assert "f:replicas" in owned(found, "us")["f:spec"]
    api.merge("deployments", "d", {"spec": {"replicas": 3}}, "scale", fieldManager="scaler")
    found = api.get("deployments", "d")
    assert owned(found, "scaler", "scale") == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owned(found, "us")["f:spec"]


def test_lists_with_keys_are_owned_by_the_item(api: Api) -> None:
    """Containers by name, a Service's ports by port and protocol; a Service's selector as a whole."""
    found = api.create("deployments", deployment("d"), fieldManager="us")
    spec = owned(found, "us")["f:spec"]
    assert spec["f:selector"] == {}
    container = spec["f:template"]["f:spec"]["f:containers"]['k:{"name":"c"}']
    assert {".", "f:image", "f:name"} <= container.keys()
    found = api.create("services", service("s"), fieldManager="us")
    assert 'k:{"port":80,"protocol":"TCP"}' in owned(found, "us")["f:spec"]["f:ports"]
    assert owned(found, "us")["f:spec"]["f:selector"] == {}


def test_what_is_applied_belongs_to_its_manager(api: Api) -> None:
    """Applied again without a field, it is taken away; what another has set stays."""
    made = api.apply("configmaps", applied("a", x="1", y="1"), "helm")
    assert entries(made) == {("helm", "Apply", "")}
    assert owned(made, "helm") == {"f:data": {"f:x": {}, "f:y": {}}}
    api.merge("configmaps", "a", {"data": {"z": "1"}}, fieldManager="other")
    assert api.apply("configmaps", applied("a", x="1"), "helm")["data"] == {"x": "1", "z": "1"}


def test_who_applies_what_another_has_set_meets_a_conflict(api: Api) -> None:
    """Named with its manager and field, for those that apply and those that update; the same value is shared."""
    api.apply("configmaps", applied("a", x="1"), "one")
    failure = refusal(lambda: api.apply("configmaps", applied("a", x="2"), "two"))
    assert summary(failure)[:2] == (409, "Conflict")
    assert causes(failure) == [("FieldManagerConflict", ".data.x")]
    assert failure.message == 'Apply failed with 1 conflict: conflict with "one": .data.x'
    shared = api.apply("configmaps", applied("a", x="1"), "two")
    assert owned(shared, "one") == owned(shared, "two") == {"f:data": {"f:x": {}}}
    api.merge("configmaps", "a", {"data": {"x": "3"}}, fieldManager="controller")
    failure = refusal(lambda: api.apply("configmaps", applied("a", x="1"), "one"))
    assert failure.message == 'Apply failed with 1 conflict: conflict with "controller" using v1: .data.x'


def test_force_takes_a_field_over(api: Api) -> None:
    """And the one who had it owns it no more."""
    api.apply("configmaps", applied("a", x="1", y="1"), "one")
    forced = api.apply("configmaps", applied("a", x="2"), "two", force="true")
    assert forced["data"] == {"x": "2", "y": "1"}
    assert owned(forced, "one") == {"f:data": {"f:y": {}}}
    assert owned(forced, "two") == {"f:data": {"f:x": {}}}


def test_after_a_dropped_entry_the_owner_applies_without_a_conflict(api: Api) -> None:
    """What our controller does after each write; a stale index changes nothing."""
    api.apply("configmaps", applied("a", x="1", y="1"), "helm")
    ours = api.merge("configmaps", "a", {"data": {"x": "2"}}, fieldManager="release-coordinator")
    assert refusal(lambda: api.apply("configmaps", applied("a", x="1", y="1"), "helm")).status == 409
    ours = api.merge("configmaps", "a", {"metadata": {"labels": {"l": "1"}}}, fieldManager="another")
    dropped = drop(api, "configmaps", ours, "release-coordinator")
    assert entries(dropped) == {("helm", "Apply", ""), ("another", "Update", "")}
    assert dropped["data"] == {"x": "2", "y": "1"}
    failure = refusal(lambda: drop(api, "configmaps", ours, "release-coordinator"))
    assert summary(failure) == (422, "Invalid", {})
    assert api.apply("configmaps", applied("a", x="1", y="1"), "helm")["data"] == {"x": "1", "y": "1"}


def test_a_selector_is_applied_whole(api: Api) -> None:
    """A key that another has added is a conflict on all of it; with his entry dropped, the next apply takes it away."""
    wanted = service("s")
    api.apply("services", wanted, "helm")
    ours = api.merge("services", "s", {"spec": {"selector": {"pod-template-hash": "h1"}}}, fieldManager="us")
    assert owned(ours, "us") == {"f:spec": {"f:selector": {}}}
    failure = refusal(lambda: api.apply("services", wanted, "helm"))
    assert causes(failure) == [("FieldManagerConflict", ".spec.selector")]
    drop(api, "services", ours, "us")
    assert api.apply("services", wanted, "helm")["spec"]["selector"] == {"app": "s"}


def test_a_deployment_applied_again_changes_nothing(api: Api) -> None:
    """Defaults and what others have set are left alone, and the generation stays."""
    wanted = deployment("d")
    del wanted["spec"]["replicas"]
    made = api.apply("deployments", wanted, "helm")
    assert made["spec"]["replicas"] == 1  # By default, and nobody's.
    scaled = api.merge("deployments", "d", {"spec": {"replicas": 2}}, "scale", fieldManager="autoscaler")
    again = api.apply("deployments", wanted, "helm")
    assert again["spec"]["replicas"] == scaled["spec"]["replicas"] == 2
    assert again["metadata"]["generation"] == made["metadata"]["generation"] + 1


def test_containers_are_applied_by_their_name(api: Api) -> None:
    """An injected one stays; one that is applied no more goes."""
    wanted = deployment("d")
    containers = wanted["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "second", "image": "s:1"})
    api.apply("deployments", wanted, "helm")
    injected = {"spec": {"template": {"spec": {"containers": [{"name": "injected", "image": "i:1"}]}}}}
    api.strategic("deployments", "d", injected, fieldManager="injector")
    containers.pop()
    found = api.apply("deployments", wanted, "helm")["spec"]["template"]["spec"]["containers"]
    assert {c["name"] for c in found} == {"c", "injected"}


def test_an_apply_that_cannot_be_is_refused(api: Api) -> None:
    """Without a manager or a kind, with managedFields in it: 400."""
    body = applied("a", x="1")
    path = api.path("configmaps", "a")
    form = "application/apply-patch+yaml"
    failure = refusal(lambda: api.cluster.api("PATCH", path, body, form))
    assert (failure.status, causes(failure)) == (422, [("FieldValueRequired", "fieldManager")])
    kindless = {k: v for k, v in body.items() if k != "kind"}
    assert refusal(lambda: api.cluster.api("PATCH", f"{path}?fieldManager=x", kindless, form)).status == 400
    marked = body | {"metadata": {"name": "a", "managedFields": [{"manager": "x"}]}}
    assert refusal(lambda: api.cluster.api("PATCH", f"{path}?fieldManager=x", marked, form)).status == 400


def test_once_emptied_they_begin_again_with_an_apply(api: Api) -> None:
    """Updates alone are not written down any more; what was there before is nobody's in particular."""
    made = api.create("configmaps", config_map("a"), fieldManager="maker")
    emptied = api.replace("configmaps", made | {"metadata": made["metadata"] | {"managedFields": [{}]}}, fieldManager="x")
    assert entries(emptied) == set()
    assert entries(api.merge("configmaps", "a", {"data": {"b": "1"}}, fieldManager="next")) == set()
    again = api.apply("configmaps", applied("a", c="1"), "helm")
    assert entries(again) == {("helm", "Apply", ""), ("before-first-apply", "Update", "")}
