"""A train on a real control plane: three services, a message format that changes, there and back.

Orders sends messages in the format of its version; mail and web understand formats up to theirs. A courier takes messages from
every pod of orders that has traffic to every pod of mail and web that has: at no moment may one not be understood.
"""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from tests.controlplane.cluster import ControlPlane
from tests.real.releases.shop import GROUP, Manifest, Shop

MakeShop = Callable[..., Shop]
MEMBERS = {"mail": {"role": "Consumer"}, "web": {"role": "Consumer", "dependsOn": ["mail"]}, "orders": {"role": "Producer"}}
QUICK: Manifest = {"strategy": {"type": "Rolling"}, "rollback": {"warm": {"for": "1s"}}, "progressDeadline": "6s"}


class Line:
    """The three services under Releases, and their train."""

    def __init__(self, plane: ControlPlane, namespace: str, make: MakeShop) -> None:
        self.plane, self.namespace = plane, namespace
        self.services = {name: make(name, pods=2) for name in MEMBERS}
        for service in self.services.values():
            service.apply(service.manifest(**QUICK))
        for service in self.services.values():
            service.wait_for_phase("Healthy")

    def train(self, **versions: str) -> None:
        """A train of these versions."""
        members = [{"name": name, "version": versions[name], **MEMBERS[name]} for name in reversed(MEMBERS)]
        spec = {"members": members, "verify": {"duration": "1s", "deadline": "20s"}}
        train = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "ReleaseTrain", "metadata": {"name": "new-format"}, "spec": spec}
        self.plane.apply(yaml.safe_dump(train), user="alice", namespace=self.namespace)

    @property
    def path(self) -> str:
        """The train's address."""
        return f"/apis/{GROUP}/v1alpha1/namespaces/{self.namespace}/releasetrains/new-format"

    def wait_for_phase(self, phase: str) -> Manifest:
        """Of the train; its status."""

        def there() -> Manifest | None:
            status: Manifest = (self.plane.find(self.path) or {}).get("status") or {}
            return status if status.get("phase") == phase else None

        try:
            return self.plane.wait_for(there, 40, phase)  # type: ignore[return-value]
        except TimeoutError as error:
            now = yaml.safe_dump((self.plane.find(self.path) or {}).get("status"))
            raise AssertionError(f"{error}; status now: {now}") from error

    def ask(self, key: str, value: str) -> None:
        """A request by annotation, as alice."""
        body = {"metadata": {"annotations": {f"{GROUP}/{key}": value}}}
        self.plane.api("PATCH", self.path, body, "application/merge-patch+json", user="alice")

    def versions(self) -> dict[str, str]:
        """What users have."""
        return {name: service.status()["stable"]["version"] for name, service in self.services.items()}

    def trials(self, kind: str) -> dict[str, tuple[str, str]]:
        """When the last trial of this kind began and ended, by member."""
        found = {name: [past for past in service.status()["history"] if past["kind"] == kind]
                 for name, service in self.services.items() if service.status().get("history")}  # fmt: skip
        return {name: (past[-1]["started"], past[-1]["ended"]) for name, past in found.items() if past}

    def addresses(self) -> dict[str, list[str]]:
        """The pods that have traffic, by service."""
        found: dict[str, list[str]] = {name: [] for name in MEMBERS}
        slices = self.plane.api("GET", f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices")["items"]
        for each in slices:
            ready = [e["addresses"][0] for e in each.get("endpoints") or [] if e["conditions"].get("ready")]
            found.setdefault(each["metadata"]["labels"]["kubernetes.io/service-name"], []).extend(ready)
        return found

    @contextmanager
    def courier(self) -> Iterator[list[tuple[str, str, int]]]:
        """Carries messages from here on: (format, reader, status of its answer)."""
        carried: list[tuple[str, str, int]] = []
        stopping = threading.Event()

        def carry() -> None:
            while not stopping.wait(0.05):
                there = self.addresses()
                formats = {version for address in there["orders"] if (version := _version(address))}
                for format_, name in [(f, n) for f in formats for n in ("mail", "web")]:
                    carried.extend((format_, name, status) for address in there[name]
                                   if (status := _ask(address, f"/read/{format_}")[0]))  # fmt: skip

        thread = threading.Thread(target=carry, daemon=True)
        thread.start()
        yield carried
        stopping.set()
        thread.join()


def _ask(address: str, path: str) -> tuple[int, str]:
    """Status and body; 0 from a pod that has just ended."""
    connection = http.client.HTTPConnection(address, 8080, timeout=2)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def _version(address: str) -> str:
    status, body = _ask(address, "/")
    return str(yaml.safe_load(body)["version"]).partition("-")[0] if status == 200 else ""


def misread(carried: list[tuple[str, str, int]]) -> list[Any]:
    """Messages that were not understood."""
    return [each for each in carried if each[2] != 200]


def test_three_services_change_a_message_format_and_change_it_back(shop: MakeShop, plane: ControlPlane, namespace: str) -> None:
    """The producer's change comes first and waits; each stage goes when the one before has arrived. One annotation takes all
    back.
    """
    line = Line(plane, namespace, shop)
    assert _ask(line.addresses()["mail"][0], "/read/2")[0] == 500, "the courier must be able to see what is not understood"
    line.train(mail="2", web="2", orders="2")
    with line.courier() as carried:
        line.services["orders"].ship("2")
        status = line.services["orders"].wait_for_phase("Blocked")
        assert status["reason"] == "InTrain"
        message = line.services["orders"].wait_for_message("Member orders (stage 2) of ReleaseTrain new-format waits", "mail")
        assert "Deployment mail has version 1, and the train waits for 2" in message
        for name in ("web", "mail"):
            line.services[name].ship("2")
        line.wait_for_phase("Completed")
        assert line.versions() == dict.fromkeys(MEMBERS, "2")
        out = line.trials("Release")
        assert out["mail"][1] <= out["web"][0] < out["web"][1] <= out["orders"][0]
        line.ask("rollback", "previous")
        status = line.wait_for_phase("RolledBack")
        time.sleep(0.2)
    assert line.versions() == dict.fromkeys(MEMBERS, "1")
    back = line.trials("Rollback")
    assert back["orders"][1] <= back["web"][0] < back["web"][1] <= back["mail"][0]
    assert {format_ for format_, _, _ in carried} == {"1", "2"}
    assert misread(carried) == []
    assert [(a["key"], a["author"], a["done"]) for a in status["requests"]] == [("rollback", "alice", True)]
    assert [s.left_behind() for s in line.services.values()] == [[], [], []]


@pytest.mark.parametrize("failing", ["web", "orders"])
def test_a_failure_takes_back_what_went_before_in_reverse(
    shop: MakeShop, plane: ControlPlane, namespace: str, failing: str
) -> None:
    """Its pods never become ready, in the middle or at the end: who had completed goes back, the last first, and who is behind
    has never begun.
    """
    line = Line(plane, namespace, shop)
    before = set(line.services["orders"].uids())
    tags = {**dict.fromkeys(MEMBERS, "2"), failing: "2-neverready"}
    line.train(**tags)
    with line.courier() as carried:
        for name, tag in tags.items():
            line.services[name].ship(tag)
        status = line.wait_for_phase("RolledBack")
    assert f"Member {failing} has failed" in status["message"]
    assert line.versions() == dict.fromkeys(MEMBERS, "1")
    gone = list(MEMBERS)[: list(MEMBERS).index(failing)]
    for name in gone:
        (asked,) = line.services[name].status()["requests"]
        assert (asked["key"], asked["done"]) == ("rollback", True)
        assert asked["author"].startswith("ReleaseTrain new-format, turn ")
    back = line.trials("Rollback")
    assert sorted(back, key=lambda name: back[name], reverse=True) == gone
    assert carried
    assert misread(carried) == []
    if failing != "orders":
        assert "orders" not in line.trials("Release")
        assert set(line.services["orders"].uids()) == before
        message = line.services["orders"].wait_for_message("Member orders (stage 2) of ReleaseTrain new-format", "RolledBack")
        assert "retry=true" in message
