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

import yaml

from tests.controlplane.cluster import ControlPlane
from tests.real.releases.shop import GROUP, STANDING, Manifest, Shop
from tests.real.releases.test_cli import Releasectl

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

    def train(self, versions: dict[str, str], on_failure: str = "RollBackTrain") -> None:
        """A train of these versions, or the next run of the one that is there."""
        members = [{"name": name, "version": versions[name], **MEMBERS[name]} for name in reversed(MEMBERS)]
        spec = {"members": members, "onFailure": on_failure, "verify": {"duration": "1s", "deadline": "20s"}}
        train = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "ReleaseTrain", "metadata": {"name": "new-format"}, "spec": spec}
        self.plane.apply(yaml.safe_dump(train), user="alice", namespace=self.namespace)

    @property
    def path(self) -> str:
        """The train's address."""
        return f"/apis/{GROUP}/v1alpha1/namespaces/{self.namespace}/releasetrains/new-format"

    def ask(self, key: str, value: str = "true") -> None:
        """A request of the train by annotation, as alice."""
        body = {"metadata": {"annotations": {f"{GROUP}/{key}": value}}}
        self.plane.api("PATCH", self.path, body, "application/merge-patch+json", user="alice")

    def wait_for_phase(self, phase: str, run: int = 1) -> Manifest:
        """Of the train in this run; its status."""

        def there() -> Manifest | None:
            status: Manifest = (self.plane.find(self.path) or {}).get("status") or {}
            return status if (status.get("phase"), (status.get("run") or {}).get("number")) == (phase, run) else None

        try:
            return self.plane.wait_for(there, 40, phase)  # type: ignore[return-value]
        except TimeoutError as error:
            now = yaml.safe_dump((self.plane.find(self.path) or {}).get("status"))
            raise AssertionError(f"{error}; status now: {now}") from error

    def versions(self) -> dict[str, str]:
        """What users have."""
        return {name: service.status()["stable"]["version"] for name, service in self.services.items()}

    def trials(self, kind: str, run: Manifest) -> dict[str, tuple[str, str]]:
        """When the last trial of this kind began and ended since the train's run began, by member."""
        found = {name: [past for past in service.status().get("history", ())
                        if past["kind"] == kind and past["started"] >= run["started"]]
                 for name, service in self.services.items()}  # fmt: skip
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
    """The producer's change comes first and waits; each stage goes when the one before has arrived. One request takes all
    back, the producer too, whose next version is held by then.
    """
    line = Line(plane, namespace, shop)
    assert _ask(line.addresses()["mail"][0], "/read/2")[0] == 500, "the courier must be able to see what is not understood"
    line.train(dict.fromkeys(MEMBERS, "2"))
    with line.courier() as carried:
        line.services["orders"].ship("2")
        status = line.services["orders"].wait_for_phase("Blocked")
        assert status["reason"] == "InTrain"
        message = line.services["orders"].wait_for_message("Member orders (stage 2) of ReleaseTrain new-format waits", "mail")
        assert "Deployment mail has version 1, and the train waits for 2" in message
        with Releasectl(line.services["orders"]).start("train", "--watch", name="new-format") as watch:
            assert watch.stdout is not None and ": Waiting" in watch.stdout.readline()
            for name in ("web", "mail"):
                line.services[name].ship("2")
            run = line.wait_for_phase("Completed")["run"]
            shown, _ = watch.communicate(timeout=60)
        assert line.versions() == dict.fromkeys(MEMBERS, "2")
        out = line.trials("Release", run)
        assert out["mail"][1] <= out["web"][0] < out["web"][1] <= out["orders"][0]
        line.services["orders"].ship("3")
        line.services["orders"].wait_for_message("ReleaseTrain new-format is for version 2 of orders, and the Deployment has 3")
        said = Releasectl(line.services["orders"])("rollback", name="train/new-format")
        assert "rollback=previous is done. Rollback of the run asked by alice." in said
        status = line.wait_for_phase("RolledBack")
        time.sleep(0.2)
    assert (watch.returncode, 0 <= shown.find(": Progressing, run 1") < shown.find(": Completed, run 1")) == (0, True)
    assert line.versions() == dict.fromkeys(MEMBERS, "1")
    back = line.trials("Rollback", run)
    assert back["orders"][1] <= back["web"][0] < back["web"][1] <= back["mail"][0]
    assert {format_ for format_, _, _ in carried} == {"1", "2"}
    assert misread(carried) == []
    assert [(a["key"], a["author"], a["done"]) for a in status["requests"]] == [("rollback", "alice", True)]
    assert [s.left_behind() for s in line.services.values()] == [[], [], []]


def test_a_failure_at_each_position_takes_back_what_the_policy_says(shop: MakeShop, plane: ControlPlane, namespace: str) -> None:
    """Run after run of one train, first, middle and last: who had completed goes back, the last first, and who is behind has
    never begun; or only who has failed goes back, until a person asks. What is held at the end is started by no deletion.
    """
    line = Line(plane, namespace, shop)
    before = set(line.services["orders"].uids())
    with line.courier() as carried:
        for number, failing in enumerate(MEMBERS, 1):
            status = _fails(line, number, failing, "RollBackTrain")
            gone = list(MEMBERS)[: list(MEMBERS).index(failing)]
            back = line.trials("Rollback", status["run"])
            assert sorted(back, key=lambda name: back[name], reverse=True) == gone
            assert set(line.trials("Release", status["run"])) == {*gone, failing}
            for name in gone:
                asked = line.services[name].status()["requests"][-1]
                assert (asked["key"], asked["done"]) == ("rollback", True)
                assert asked["author"].startswith("ReleaseTrain new-format, turn ")
        status = _fails(line, 4, "web", "RollBackMember")
        assert line.versions() == {"mail": "5", "web": "1", "orders": "1"}
        assert line.trials("Rollback", status["run"]) == {}
        line.services["orders"].wait_for_message("Member orders (stage 2) of ReleaseTrain new-format", "Halted", "retry=true")
        Releasectl(line.services["orders"])("rollback", name="train/new-format")
        line.wait_for_phase("RolledBack", 4)
        plane.api("DELETE", line.path)
        line.services["orders"].wait_for_message("ReleaseTrain new-format, for which the change waited, is gone", "retry=true")
    assert line.versions() == dict.fromkeys(MEMBERS, "1")
    assert set(line.services["orders"].uids()) == before
    assert carried
    assert misread(carried) == []


def _fails(line: Line, number: int, failing: str, policy: str) -> Manifest:
    """A run in which one member's pods crash; the train's status when it is over."""
    tag = str(number + 1)
    tags = {**dict.fromkeys(MEMBERS, tag), failing: f"{tag}-crash"}
    line.train(tags, policy)
    for name, each in tags.items():
        line.services[name].ship(each)
    status = line.wait_for_phase("RolledBack" if policy == "RollBackTrain" else "Halted", number)
    assert f"Member {failing} has failed" in status["message"]
    if policy == "RollBackTrain":
        assert line.versions() == dict.fromkeys(MEMBERS, "1")
    return status


def test_a_train_is_paused_goes_on_and_is_aborted_as_one_by_annotation(
    shop: MakeShop, plane: ControlPlane, namespace: str
) -> None:
    """While it is paused nobody else begins, and who is on the way stands still; an abort takes all back that had gone out."""
    line = Line(plane, namespace, shop)
    for name in ("mail", "web"):
        line.services[name].release(**QUICK | {"strategy": STANDING})
    line.train(dict.fromkeys(MEMBERS, "2"))
    for name in MEMBERS:
        line.services[name].ship("2")
    line.services["mail"].wait_for_trial_weight(50)
    line.ask("pause", "lunch")
    assert line.wait_for_phase("Paused")["message"].startswith("Paused by alice: lunch.")
    line.services["mail"].wait_for_phase("Paused")
    assert {line.services[name].status()["reason"] for name in ("web", "orders")} == {"InTrain"}

    line.ask("resume")
    line.services["mail"].wait_for_phase("Progressing")
    line.services["mail"].ask("promote", "full")
    line.services["web"].wait_for_trial_weight(50)
    assert line.versions() == {"mail": "2", "web": "1", "orders": "1"}
    line.ask("abort", "we stop")
    status = line.wait_for_phase("RolledBack")
    assert line.versions() == dict.fromkeys(MEMBERS, "1")
    asked = [(a["key"], a["author"], a["done"]) for a in status["requests"]]
    assert asked == [("pause", "alice", True), ("resume", "alice", True), ("abort", "alice", True)]
