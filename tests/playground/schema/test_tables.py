"""What kubectl shows: columns and cells, compared with the real server's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from playground.apiserver.schema import jsonpath, tables
from playground.apiserver.schema.ages import human
from tests.playground.schema.definitions import definition

NOW = 1_800_000_000.0
AGO_5M = "2027-01-15T07:55:00Z"
COLUMNS = definition("releases")["versions"][0]["additionalPrinterColumns"]


@dataclass(frozen=True)
class Kind:
    """A resource, as far as tables ask."""

    kind: str
    custom: bool = False
    columns: Sequence[Mapping[str, Any]] = ()


def table(kind: Kind, *objects: dict[str, Any], include: str = "Metadata") -> dict[str, Any]:
    """The table of these objects."""
    made = [{"kind": kind.kind, "metadata": {"name": "x", "creationTimestamp": AGO_5M}, **obj} for obj in objects]
    return tables.table(kind, made, {}, include, NOW)


def cells(kind: str, obj: dict[str, Any]) -> list[Any]:
    """The only row's cells."""
    row: list[Any] = table(Kind(kind), obj)["rows"][0]["cells"]
    return row


def container(**state: Any) -> dict[str, Any]:
    """A container's status."""
    return {"name": "a", "ready": False, "restartCount": 0, **state}


POD = {"containers": [{"name": "a"}]}
DONE = {"terminated": {"exitCode": 0, "reason": "Completed"}}
PULL = {"waiting": {"reason": "ErrImagePull"}}
CRASH = {"waiting": {"reason": "CrashLoopBackOff"}}
ENDED = {"terminated": {"exitCode": 1, "finishedAt": "2027-01-15T07:58:00Z"}}


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ({"phase": "Running", "containerStatuses": [container(ready=True, state={"running": {}})]}, ["1/1", "Running", "0"]),
        ({"phase": "Running", "containerStatuses": [
            container(ready=True, restartCount=2, state={"running": {}}, lastState=ENDED)]}, ["1/1", "Running", "2 (2m ago)"]),
        ({"phase": "Running", "containerStatuses": [container(restartCount=7, state=CRASH)]}, ["0/1", "CrashLoopBackOff", "7"]),
        ({"phase": "Pending"}, ["0/1", "Pending", "0"]),
        ({"phase": "Pending", "containerStatuses": [container(state={"waiting": {"reason": "ContainerCreating"}})]},
         ["0/1", "ContainerCreating", "0"]),
        ({"phase": "Failed", "containerStatuses": [container(state={"terminated": {"exitCode": 3}})]},
         ["0/1", "ExitCode:3", "0"]),
        ({"phase": "Succeeded", "containerStatuses": [container(state=DONE)]}, ["0/1", "Completed", "0"]),
        ({"phase": "Failed", "reason": "Evicted"}, ["0/1", "Evicted", "0"]),
        ({"phase": "Pending", "initContainerStatuses": [container(state=PULL, restartCount=1)]},
         ["0/1", "Init:ErrImagePull", "1"]),
    ],
)  # fmt: skip
def test_a_pod_is_shown_by_what_its_containers_do(status: dict[str, Any], shown: list[str]) -> None:
    """Ready, status and restarts."""
    assert cells("Pod", {"spec": POD, "status": status})[1:5] == [*shown, "5m"]


def test_a_pod_on_its_way_out_is_terminating() -> None:
    """Unless it has ended already."""
    leaving = {"metadata": {"name": "x", "deletionTimestamp": AGO_5M}, "spec": POD}
    assert cells("Pod", leaving | {"status": {"phase": "Running"}})[2] == "Terminating"
    assert cells("Pod", leaving | {"status": {"phase": "Succeeded"}})[2] == "Succeeded"


TEMPLATE = {"spec": {"containers": [{"name": "a", "image": "i:1"}, {"name": "b", "image": "j:2"}]}}
SELECTOR = {"matchLabels": {"b": "2", "a": "1"}}
ADDRESSES = [{"addresses": [f"10.0.0.{n}"]} for n in range(1, 6)]


@pytest.mark.parametrize(
    ("kind", "obj", "row"),
    [
        ("Deployment", {"spec": {"replicas": 3, "template": TEMPLATE, "selector": SELECTOR},
                        "status": {"readyReplicas": 2, "updatedReplicas": 1, "availableReplicas": 2}},
         ["x", "2/3", 1, 2, "5m", "a,b", "i:1,j:2", "a=1,b=2"]),
        ("ReplicaSet", {"spec": {"replicas": 3, "template": TEMPLATE, "selector": SELECTOR}, "status": {"replicas": 2}},
         ["x", 3, 2, 0, "5m", "a,b", "i:1,j:2", "a=1,b=2"]),
        ("Service", {"spec": {"type": "NodePort", "clusterIPs": ["1.2.3.4"], "selector": {"a": "b"}, "ports": [
            {"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}]}},
         ["x", "NodePort", "1.2.3.4", "<none>", "80:30080/TCP,443/TCP", "5m", "a=b"]),
        ("EndpointSlice", {"addressType": "IPv4", "endpoints": ADDRESSES, "ports": [{"port": 80}]},
         ["x", "IPv4", "80", "10.0.0.1,10.0.0.2,10.0.0.3 + 2 more...", "5m"]),
        ("EndpointSlice", {"addressType": "IPv4", "endpoints": [], "ports": None}, ["x", "IPv4", "<unset>", "<unset>", "5m"]),
        ("Event", {"involvedObject": {"kind": "Pod", "name": "p"}, "type": "Normal", "reason": "R", "message": " hi ",
                   "source": {"component": "me", "host": "h"}, "firstTimestamp": AGO_5M, "lastTimestamp": AGO_5M, "count": 3},
         ["5m", "Normal", "R", "pod/p", "", "me, h", "hi", "5m", 3, "x"]),
        ("Namespace", {"status": {"phase": "Active"}}, ["x", "Active", "5m"]),
        ("ConfigMap", {"data": {"a": "1", "b": "2"}}, ["x", 2, "5m"]),
        ("Secret", {"type": "Opaque", "data": {"a": "1"}}, ["x", "Opaque", 1, "5m"]),
        ("Lease", {"spec": {"holderIdentity": "me"}}, ["x", "me", "5m"]),
        ("ClusterRole", {}, ["x", AGO_5M]),
        ("RoleBinding", {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [
            {"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "namespace": "n", "name": "s"}]},
         ["x", "Role/r", "5m", "u", "", "n/s"]),
        ("HTTPRoute", {"spec": {"hostnames": ["a.b", "c.d"]}}, ["x", '["a.b","c.d"]', "5m"]),
        ("HTTPRoute", {"spec": {}}, ["x", None, "5m"]),
        ("Gateway", {"spec": {"gatewayClassName": "g"}, "status": {"conditions": [
            {"type": "Accepted", "status": "False"}, {"type": "Programmed", "status": "True"}]}}, ["x", "g", None, "True", "5m"]),
    ],
)  # fmt: skip
def test_a_row_says_what_the_real_server_says(kind: str, obj: dict[str, Any], row: list[Any]) -> None:
    """Cell by cell, those for -o wide among them."""
    assert cells(kind, obj) == row


def test_columns_have_types_and_priorities() -> None:
    """kubectl shows priority 1 with -o wide only."""
    columns = table(Kind("ReplicaSet"))["columnDefinitions"]
    assert [(c["name"], c["type"], c["format"], c["priority"]) for c in columns] == [
        ("Name", "string", "name", 0), ("Desired", "integer", "", 0), ("Current", "integer", "", 0), ("Ready", "integer", "", 0),
        ("Age", "string", "", 0), ("Containers", "string", "", 1), ("Images", "string", "", 1), ("Selector", "string", "", 1),
    ]  # fmt: skip


def test_a_custom_resource_has_the_columns_of_its_definition() -> None:
    """Absent fields are empty; dates are ages; without columns there is the age."""
    release = {"status": {"phase": "Progressing", "trial": {"step": {"index": 1, "weight": 25}}}}
    made = table(Kind("Release", custom=True, columns=COLUMNS), release)
    assert [c["name"] for c in made["columnDefinitions"]][:4] == ["Name", "Phase", "Step", "Weight"]
    assert made["rows"][0]["cells"] == ["x", "Progressing", 1, 25, None, None, None, None, "5m"]
    assert table(Kind("Thing", custom=True), {})["rows"][0]["cells"] == ["x", "5m"]


def test_rows_carry_as_much_of_the_object_as_is_asked_for() -> None:
    """Nothing, its metadata, or all of it."""

    def row(include: str) -> Any:
        return table(Kind("Secret"), {"data": {}}, include=include)["rows"][0]["object"]

    assert (row("None"), row("Metadata")["kind"], row("Object")["kind"]) == (None, "PartialObjectMetadata", "Secret")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "<invalid>"), (0, "0s"), (119, "119s"), (120, "2m"), (185, "3m5s"), (600, "10m"), (10_799, "179m"), (10_800, "3h"),
     (11_000, "3h3m"), (36_000, "10h"), (172_800, "2d"), (180_000, "2d2h"), (864_000, "10d"), (63_072_000, "2y"),
     (70_000_000, "2y80d"), (315_360_000, "10y")],
)  # fmt: skip
def test_lengths_of_time_are_short(seconds: float, shown: str) -> None:
    """Two units while the second one matters."""
    assert human(seconds) == shown


DOCUMENT = {"a": {"b": [{"t": "x", "v": 1}, {"t": "y", "v": 2}]}, "k.l": 3, "n": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".a.b[1].v", [2]), (".a.b[*].v", [1, 2]), ('.a.b[?(@.t=="y")].v', [2]), (".a.b[?(@.t=='x')].v", [1]),
        (".a.b[-1].t", ["y"]),
        (r".k\.l", [3]), (".['k.l']", [3]), ("{.a.b[0].t}", ["x"]), (".absent.b", []), (".a.b[9]", []), (".n", [None]), ("a", []),
    ],
)  # fmt: skip
def test_paths_of_columns_lead_to_values(path: str, found: list[Any]) -> None:
    """Or nowhere, which is an empty cell."""
    assert jsonpath.found(DOCUMENT, path) == found
