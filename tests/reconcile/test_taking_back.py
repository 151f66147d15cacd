"""What a process makes and learns of when it is no longer the leader: nothing is left that nobody looks for, nothing is taken
from whoever builds on it.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from controller.kube import errors, paths
from controller.reconcile.cluster import Cluster
from controller.reconcile.memory import Memory
from controller.reconcile.perform import Performer, Stale
from strategies.spec.status import Status

Object = dict[str, Any]
RELEASE: Object = {"metadata": {"name": "shop", "namespace": "prod", "uid": "r"}}
CANDIDATE: Object = {"metadata": {"name": "shop-2", "namespace": "prod"}, "spec": {"replicas": 0}}


@dataclass
class Double:
    """An API server. `meanwhile` happens after the create and before its answer comes, `late` right before the first deletion."""

    meanwhile: Callable[["Double"], None]
    late: Callable[["Double"], None] | None = None
    found: Object = field(default_factory=dict)
    releases: list[Object] = field(default_factory=lambda: [{**RELEASE, "status": {}}])

    def __post_init__(self) -> None:
        self.client = self

    def create(self, _: str, body: Object) -> Object:
        """The answer is as old as the create."""
        self.found = deepcopy(body)
        self.found["metadata"] |= {"uid": "u", "resourceVersion": "1", "generation": 1}
        answer = deepcopy(self.found)
        self.meanwhile(self)
        return answer

    def change(self, **changed: Any) -> None:
        """Somebody writes."""
        version = str(int(self.found["metadata"]["resourceVersion"]) + 1)
        self.found = {**self.found, **changed, "metadata": {**self.found["metadata"], "resourceVersion": version}}

    def tell(self, status: Object) -> None:
        """The successor commits."""
        self.releases[0] = {**RELEASE, "status": status}

    def list(self, path: str, query: dict[str, str]) -> tuple[list[Object], str]:
        """The Release; there is no right to get it."""
        assert (path.rpartition("/")[2], query) == ("releases", {"fieldSelector": "metadata.name=shop"})
        return self.releases, "9"

    def get(self, _: str) -> Object:
        """As it is."""
        if not self.found:
            raise errors.NotFound(404, "NotFound", "gone")
        return self.found

    def delete(self, _: str, options: Object) -> None:
        """If it is the one."""
        if self.late:
            self.late, late = None, self.late
            late(self)
        if any(self.found["metadata"][key] != value for key, value in options["preconditions"].items()):
            raise errors.Conflict(409, "Conflict", "it has changed")
        self.found = {}


def counted(server: Double) -> None:
    """Kubernetes' own controller has looked at it."""
    server.change(status={"observedGeneration": 1, "replicas": 0})


def another(server: Double) -> None:
    """It was deleted, and the successor has made its own."""
    server.found["metadata"]["uid"] = "v"


IN_FLIGHT, RESTING = {"stable": {"hash": "1"}, "trial": {"step": {}}}, {"stable": {"hash": "1"}}
SETS, SERVICES, KEPT = paths.REPLICA_SETS, paths.SERVICES, paths.CONTROLLER_REVISIONS
CASES: dict[str, tuple[paths.Resource, Double, bool]] = {
    "a ReplicaSet as it was made": (SETS, Double(lambda _: None), False),
    "with the status that Kubernetes has written": (SETS, Double(counted), False),
    "with a status that is written meanwhile": (SETS, Double(counted, late=counted), False),
    "scaled by the successor": (SETS, Double(lambda s: s.change(spec={"replicas": 1})), True),
    "scaled by the successor in the last moment": (SETS, Double(counted, late=lambda s: s.change(spec={"replicas": 1})), True),
    "another one of its name": (SETS, Double(another), True),
    "gone by itself": (SETS, Double(lambda s: s.found.clear()), False),
    "one that no commit of a release in flight names": (SETS, Double(lambda s: s.tell(IN_FLIGHT)), False),
    "the Service of a release in flight": (SERVICES, Double(lambda s: s.tell(IN_FLIGHT)), True),
    "a Service at rest": (SERVICES, Double(lambda s: s.tell(RESTING)), False),
    "the Job of a trial": (paths.JOBS, Double(lambda s: s.tell(IN_FLIGHT)), True),
    "a Job whose trial is over, with its status written": (paths.JOBS, Double(counted, late=counted), False),
    "stable's template": (KEPT, Double(lambda s: s.tell(RESTING)), True),
    "a template of a Release that is gone": (KEPT, Double(lambda s: s.releases.clear()), False),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_deposed_leader_has_made_goes_unless_somebody_counts_on_it(case: str) -> None:
    """By what it is, not by its version; users may be on a Service that the next leader has found there."""
    resource, server, stays = CASES[case]
    leads = iter([True, False])
    performer = Performer(cluster=cast("Cluster", server), release=RELEASE, status=Status(), memory=Memory(uid="r"),
                          may_write=lambda: next(leads))  # fmt: skip
    with pytest.raises(Stale):
        performer.create(resource, CANDIDATE)
    assert bool(server.found) is stays
