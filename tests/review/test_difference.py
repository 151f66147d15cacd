"""What differs between two pod templates: what it is, where, and that no value that may be secret is told."""

from typing import Any

import pytest

from strategies.review.difference import Area, differences, told
from tests.review.subjects import PORT, READY, pod, template

OLD = template("shop:2.4.0")
CASES: dict[str, tuple[Any, Area, str]] = {
    "another tag": (template("shop:2.5.0"), Area.IMAGE, "containers[app].image: shop:2.4.0 → shop:2.5.0"),
    "a variable": (
        template("shop:2.4.0", env=[{"name": "A", "value": "s3cret"}]),
        Area.ENVIRONMENT,
        "containers[app].env[A] added",
    ),
    "a port's number": (
        template("shop:2.4.0", ports=[{**PORT, "containerPort": 9090}]),
        Area.PORTS,
        "containers[app].ports[http]: 8080 → 9090",
    ),
    "a probe": (
        template("shop:2.4.0", readinessProbe={**READY, "periodSeconds": 3}),
        Area.PROBES,
        "containers[app].readinessProbe changed",
    ),
    "a limit": (
        template("shop:2.4.0", resources={"limits": {"memory": "1024"}}),
        Area.RESOURCES,
        "containers[app].resources added",
    ),
    "a volume": (pod(volumes=[{"name": "data", "emptyDir": {}}]), Area.VOLUMES, "volumes[data] added"),
    "a mount": (
        template("shop:2.4.0", volumeMounts=[{"name": "data", "mountPath": "/data"}]),
        Area.VOLUMES,
        "containers[app].volumeMounts[/data] added",
    ),
    "rights": (pod(serviceAccountName="admin"), Area.SECURITY, "serviceAccountName added"),
    "a privilege": (
        template("shop:2.4.0", securityContext={"privileged": True}),
        Area.SECURITY,
        "containers[app].securityContext added",
    ),
    "a label": ({**OLD, "metadata": {"labels": {"app": "shop", "team": "a"}}}, Area.METADATA, "metadata.labels.team added"),
    "a command": (template("shop:2.4.0", command=["/app", "--password=s3cret"]), Area.OTHER, "containers[app].command added"),
    "another container": (
        pod(containers=[*OLD["spec"]["containers"], {"name": "proxy", "image": "proxy:1"}]),
        Area.OTHER,
        "containers[proxy] added",
    ),
    "how long pods may take to end": (
        pod(terminationGracePeriodSeconds=60),
        Area.OTHER,
        "terminationGracePeriodSeconds added",
    ),
    "an init container that became a sidecar": (
        pod(initContainers=[{"name": "i", "image": "i:1", "restartPolicy": "Always"}]),
        Area.OTHER,
        "initContainers added",
    ),
}


@pytest.mark.parametrize(("new", "area", "line"), CASES.values(), ids=CASES.keys())
def test_each_kind_of_difference_is_told_with_its_place(new: Any, area: Area, line: str) -> None:
    """One difference, of this area, in these words."""
    found = differences(OLD, new)
    assert [(each.area, text) for each, text in zip(found, told(found), strict=True)] == [(area, line)]


def test_the_same_template_as_the_api_server_keeps_it_is_no_difference() -> None:
    """What it adds by default says nothing, so that a file can be compared with what runs."""
    kept = template(
        "shop:2.4.0", imagePullPolicy="IfNotPresent", terminationMessagePath="/dev/termination-log", resources={},
        terminationMessagePolicy="File", ports=[{**PORT, "protocol": "TCP"}],
        readinessProbe={"httpGet": {**READY["httpGet"], "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1,
                        "successThreshold": 1, "failureThreshold": 3},
    )  # fmt: skip
    kept["spec"] |= {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
                     "securityContext": {}, "terminationGracePeriodSeconds": 30}  # fmt: skip
    assert differences(OLD, kept) == differences(kept, OLD) == ()


def test_values_that_may_be_secret_are_never_told() -> None:
    """Of the environment, commands and annotations only the place is told."""
    new = template("shop:2.4.0", env=[{"name": "A", "value": "s3cret"}, {"name": "B", "value": "x"}], args=["--key=s3cret"])
    old = template("shop:2.4.0", env=[{"name": "A", "value": "s3cret-before"}], args=["--key=s3cret-before"])
    lines = told(differences(old, new))
    assert lines == ("containers[app].env[A] changed", "containers[app].env[B] added", "containers[app].args[0] changed")


def test_the_order_of_named_things_is_no_difference() -> None:
    """Containers, variables and ports are compared by name."""
    some = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert differences(template(env=some), template(env=some[::-1])) == ()


def test_very_many_differences_are_bounded() -> None:
    """The status has room for sixteen lines; the last one says how many more."""
    new = template(env=[{"name": f"V{number}", "value": "1"} for number in range(100)])
    old = template(env=[{"name": f"V{number}", "value": "2"} for number in range(100)])
    lines = told(differences(old, new))
    assert len(lines) == 16
    assert lines[-1] == "and 85 more"
