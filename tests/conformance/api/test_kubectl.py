"""kubectl as people use it, on both: the lines that they look for, not whole texts."""

import json
import re

import pytest
import yaml

from tests.conformance.api.calls import Api, Object, config_map, deployment, widget


def kubectl(api: Api, *arguments: str, input: Object | None = None) -> str:
    """What kubectl says when all goes well, warnings included."""
    text = None if input is None else yaml.safe_dump(input)
    done = api.cluster.kubectl("-n", api.namespace, *arguments, input=text)
    return done.stdout + done.stderr


def table(text: str) -> list[list[str]]:
    """The cells of a table, its header first; blanks of one word only."""
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if line.strip()]


def test_get_prints_the_columns_of_each_kind(api: Api) -> None:
    """Made by the server: ready and up to date of Deployments, addresses and ports of Services, data of ConfigMaps."""
    api.create("deployments", deployment("d", replicas=3))
    api.create("configmaps", config_map("a", {"x": "1", "y": "2"}))
    api.create("services", {"metadata": {"name": "s"}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}})
    header, row = table(kubectl(api, "get", "deploy"))
    assert header == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row[:4] == ["d", "0/3", "0", "0"]
    assert table(kubectl(api, "get", "deploy", "-o", "wide"))[0][5:] == ["CONTAINERS", "IMAGES", "SELECTOR"]
    assert table(kubectl(api, "get", "cm", "a"))[1][:2] == ["a", "2"]
    header, row = table(kubectl(api, "get", "svc"))
    assert header == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    assert (row[0], row[1], row[3], row[4]) == ("s", "ClusterIP", "<none>", "80/TCP")
    assert "No resources found" in kubectl(api, "get", "pods")


def test_get_prints_the_columns_of_a_definition(api: Api, widgets: None) -> None:
    """By path, by filter, as an age; those of a lower priority only when asked for; short names and categories work."""
    api.create("widgets", widget("w", size=2, note="hello"))
    assert table(kubectl(api, "get", "widgets"))[0] == ["NAME", "SIZE", "PHASE", "READY", "AGE"]
    body = {"status": {"phase": "Going", "conditions": [{"type": "Ready", "status": "False"}]}}
    api.merge("widgets", "w", body, "status")
    row = table(kubectl(api, "get", "wd", "w"))[1]
    assert row[:4] == ["w", "2", "Going", "False"]
    assert re.fullmatch(r"\d+s", row[4])
    assert table(kubectl(api, "get", "wd", "-o", "wide"))[1][4] == "hello"
    assert "widget.conformance.test/w" in kubectl(api, "get", "all")
    assert kubectl(api, "get", "widget/w", "-o", "name").strip() == "widget.conformance.test/w"
    assert kubectl(api, "get", "wd", "w", "-o", "jsonpath={.status.phase}") == "Going"


def test_apply_creates_then_configures_then_leaves_alone(api: Api) -> None:
    """Client-side, with the last applied manifest in an annotation; a field left out later is taken away."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1", "y": "1"}}
    assert kubectl(api, "apply", "-f", "-", input=body) == "configmap/a created\n"
    assert kubectl(api, "apply", "-f", "-", input=body) == "configmap/a unchanged\n"
    api.merge("configmaps", "a", {"data": {"z": "1"}})
    assert kubectl(api, "apply", "-f", "-", input=body | {"data": {"x": "2"}}) == "configmap/a configured\n"
    assert api.get("configmaps", "a")["data"] == {"x": "2", "z": "1"}
    changed = kubectl(api, "apply", "-f", "-", "--dry-run=server", input=body | {"data": {"x": "3"}})
    assert changed == "configmap/a configured (server dry run)\n"
    said = kubectl(api, "apply", "--server-side", "--force-conflicts", "-f", "-", input=body)
    assert said.splitlines()[-1] == "configmap/a serverside-applied"


def test_apply_finds_a_misspelt_field(api: Api, widgets: None) -> None:
    """kubectl asks the server to be strict; of built-in kinds and of custom ones."""
    body = deployment("d")
    body["spec"]["replcias"] = 1
    for wrong, said in ((body, 'unknown field "spec.replcias"'), (widget("w", sise=1), 'unknown field "spec.sise"')):
        done = api.cluster.kubectl("-n", api.namespace, "apply", "-f", "-", input=yaml.safe_dump(wrong), check=False)
        assert done.returncode != 0
        assert said in done.stderr


def test_annotate_label_and_patch(api: Api) -> None:
    """Values are set, kept without --overwrite, changed with it, and taken off."""
    api.create("configmaps", config_map("a"))
    assert kubectl(api, "annotate", "cm/a", "k=v") == "configmap/a annotated\n"
    done = api.cluster.kubectl("-n", api.namespace, "annotate", "cm/a", "k=w", check=False)
    assert "--overwrite is false but found the following declared annotation(s)" in done.stderr
    kubectl(api, "annotate", "cm/a", "k=w", "--overwrite")
    kubectl(api, "label", "cm/a", "l=1")
    metadata = api.get("configmaps", "a")["metadata"]
    assert (metadata["annotations"], metadata["labels"]) == ({"k": "w"}, {"l": "1"})
    kubectl(api, "annotate", "cm/a", "k-")
    assert "annotations" not in api.get("configmaps", "a")["metadata"]
    assert kubectl(api, "patch", "cm/a", "--type=merge", "-p", '{"data":{"b":"2"}}') == "configmap/a patched\n"
    assert kubectl(api, "patch", "cm/a", "--type=merge", "-p", '{"data":{"b":"2"}}') == "configmap/a patched (no change)\n"
    wrong = json.dumps([{"op": "test", "path": "/data/b", "value": "3"}])
    done = api.cluster.kubectl("-n", api.namespace, "patch", "cm/a", "--type=json", "-p", wrong, check=False)
    assert "The request is invalid: the server rejected our request due to an error in our request" in done.stderr


def test_set_image_and_scale(api: Api) -> None:
    """By the container's name; by the scale subresource, of custom objects too."""
    api.create("deployments", deployment("d"))
    assert kubectl(api, "set", "image", "deploy/d", "c=app:2") == "deployment.apps/d image updated\n"
    assert api.get("deployments", "d")["spec"]["template"]["spec"]["containers"][0]["image"] == "app:2"
    assert kubectl(api, "scale", "deploy/d", "--replicas=4") == "deployment.apps/d scaled\n"
    assert api.get("deployments", "d")["spec"]["replicas"] == 4
    done = api.cluster.kubectl("-n", api.namespace, "scale", "deploy/d", "--replicas=1", "--current-replicas=9", check=False)
    assert "Expected replicas to be 9, was 4" in done.stderr


def test_describe_tells_of_an_object_and_its_events(api: Api, widgets: None) -> None:
    """Deployments by their own lines, custom objects by their fields."""
    api.create("deployments", deployment("d"))
    said = kubectl(api, "describe", "deploy/d")
    for line in (r"Name: +d", rf"Namespace: +{api.namespace}", r"Selector: +app=d", r"StrategyType: +RollingUpdate",
                 r"RollingUpdateStrategy: +25% max unavailable, 25% max surge", r"Image: +app:1",
                 r"Events: +<none>"):  # fmt: skip
        assert re.search(line, said), said
    made = api.create("widgets", widget("w", size=2))
    about = {"apiVersion": "conformance.test/v1", "kind": "Widget", "name": "w", "namespace": api.namespace,
             "uid": made["metadata"]["uid"]}  # fmt: skip
    api.create("events.events.k8s.io", {
        "metadata": {"name": "e"}, "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "test.io/us",
        "reportingInstance": "one", "action": "Held", "reason": "Held", "regarding": about, "note": "It waits.", "type": "Normal",
    })  # fmt: skip
    said = kubectl(api, "describe", "widget", "w")
    assert re.search(r"API Version: +conformance.test/v1\nKind: +Widget", said), said
    assert re.search(r"Size: +2", said), said
    assert re.search(r"Normal +Held +.*It waits\.", said), said


def test_explain_teaches_the_fields(api: Api, widgets: None) -> None:
    """Of custom resources from their definition, of built-in ones from the server's own."""
    said = kubectl(api, "explain", "widget.spec.color")
    assert re.search(r"GROUP: +conformance.test\nKIND: +Widget\nVERSION: +v1", said), said
    assert "FIELD: color <string>" in said
    assert re.search(r"ENUM:\s+red\s+green", said), said
    assert "A thing for tests." in kubectl(api, "explain", "wd")
    assert "<integer>" in kubectl(api, "explain", "deployment.spec.replicas")
    assert "strategy" in kubectl(api, "explain", "deployment.spec")


@pytest.mark.parametrize("condition", ["condition=Ready", "jsonpath={.status.phase}=Gone"])
def test_wait_sees_what_comes(api: Api, widgets: None, condition: str) -> None:
    """A condition or a field, there already; and says so when it does not come."""
    api.create("widgets", widget("w"))
    done = api.cluster.kubectl("-n", api.namespace, "wait", f"--for={condition}", "wd/w", "--timeout=1s", check=False)
    assert "timed out waiting for the condition on widgets/w" in done.stderr
    api.merge("widgets", "w", {"status": {"phase": "Gone", "conditions": [{"type": "Ready", "status": "True"}]}}, "status")
    assert kubectl(api, "wait", f"--for={condition}", "wd/w", "--timeout=10s") == "widget.conformance.test/w condition met\n"


def test_delete_waits_until_it_is_gone(api: Api) -> None:
    """And names what it has deleted; without --ignore-not-found what is not there is an error."""
    api.create("configmaps", config_map("a"))
    assert kubectl(api, "delete", "cm/a").startswith('configmap "a" deleted')
    done = api.cluster.kubectl("-n", api.namespace, "delete", "cm/a", check=False)
    assert 'Error from server (NotFound): configmaps "a" not found' in done.stderr
    assert kubectl(api, "delete", "cm/a", "--ignore-not-found") == ""
    api.create("configmaps", config_map("l", labels={"x": "1"}))
    assert kubectl(api, "delete", "cm", "-l", "x=1").startswith('configmap "l" deleted')


def test_a_kind_that_nobody_serves(api: Api) -> None:
    """Said by kubectl from discovery."""
    done = api.cluster.kubectl("-n", api.namespace, "get", "unicorns", check=False)
    assert 'the server doesn\'t have a resource type "unicorns"' in done.stderr
    body = yaml.safe_dump({"apiVersion": "x.test/v1", "kind": "Unicorn", "metadata": {"name": "u"}})
    done = api.cluster.kubectl("-n", api.namespace, "apply", "-f", "-", input=body, check=False)
    assert 'no matches for kind "Unicorn" in version "x.test/v1"' in done.stderr


def test_api_resources_and_version(api: Api, widgets: None) -> None:
    """What there is, with short names; the server says its version."""
    said = kubectl(api, "api-resources")
    assert re.search(r"deployments +deploy +apps/v1 +true +Deployment", said)
    assert re.search(r"widgets +wd +conformance.test/v1 +true +Widget", said)
    assert re.search(r"mutatingadmissionpolicies +admissionregistration.k8s.io/v1 +false", said)
    version = json.loads(api.cluster.kubectl("version", "-o", "json").stdout)
    assert int(re.sub(r"\D", "", version["serverVersion"]["minor"])) >= 36


def test_auth_and_create(api: Api) -> None:
    """`can-i`, and the manifests that kubectl makes by itself."""
    done = api.cluster.kubectl("-n", api.namespace, "auth", "can-i", "create", "deployments", user="alice")
    assert done.stdout.strip() == "yes"
    assert kubectl(api, "create", "configmap", "c", "--from-literal=k=v") == "configmap/c created\n"
    assert kubectl(api, "create", "deployment", "web", "--image=app:1", "--replicas=0") == "deployment.apps/web created\n"
    assert kubectl(api, "expose", "deploy/web", "--port=80") == "service/web exposed\n"
    assert kubectl(api, "create", "role", "reader", "--verb=get", "--resource=cm") == (
        "role.rbac.authorization.k8s.io/reader created\n"
    )
