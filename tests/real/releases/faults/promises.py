"""What must hold whatever goes wrong, read from every version of the objects that the API has shown, in the order of their
resourceVersions, and from the audit log. The product's own code is not asked.

These are S1, S2 and S5 of docs/reliability.md for a canary with a route, as tests.simulation.invariants holds them in simulation.
"""

from typing import Any

from tests.controlplane.cluster import ControlPlane
from tests.real.releases.installation import ACCOUNT
from tests.real.releases.shop import Shop

Object = dict[str, Any]
_WRITES = ("create", "update", "patch", "delete")


class Promises:
    """What one shop's users are promised, from now on. `pods`: so many of stable there are, and must always be."""

    def __init__(self, shop: Shop, pods: int) -> None:
        self._shop, self._pods = shop, pods
        self._watches = [shop.watch(kind) for kind in ("releases", "endpointslices", "replicasets", "httproutes")]
        self._status: Object = shop.status()
        self._weight = 0

    def broken(self) -> list[str]:
        """Every version in which one of them did not hold."""
        seen = sorted((o for w in self._watches for _, o in w.seen), key=lambda o: int(o["metadata"]["resourceVersion"]))
        checks = {"Release": self._commit, "EndpointSlice": self._endpoints,
                  "ReplicaSet": self._capacity, "HTTPRoute": self._split}  # fmt: skip
        found = []
        for each in seen:
            problem = checks[each["kind"]](each)
            found += [f"resourceVersion {each['metadata']['resourceVersion']}: {problem}"] if problem else []
        return found

    def _commit(self, release: Object) -> str:
        if release["metadata"]["name"] == self._shop.name:
            self._status = release.get("status") or {}
        return ""

    def _carriers(self) -> set[str]:
        """ReplicaSets whose pods may be in the shop's Service: stable's, and the former stable's until it is gone."""
        revisions = (self._status.get(part) for part in ("stable", "retiring"))
        return {r["replicaSet"] for r in revisions if r}

    def _endpoints(self, found: Object) -> str:
        """S2: no endpoint of the candidate in a Service that is not meant to have it; and never fewer than stable's pods."""
        if (found["metadata"].get("labels") or {}).get("kubernetes.io/service-name") != self._shop.name:
            return ""
        ready = [e["targetRef"]["name"] for e in found.get("endpoints") or [] if e["conditions"].get("ready")]
        strangers = [pod for pod in ready if pod.rpartition("-")[0] not in self._carriers()]
        if strangers:
            return f"Service {self._shop.name} has {strangers}"
        return f"Service {self._shop.name} has {len(ready)} endpoints" if len(ready) < self._pods else ""

    def _capacity(self, found: Object) -> str:
        """S1: stable wants what it had."""
        stable = self._status.get("stable") or {}
        if found["metadata"]["name"] != stable.get("replicaSet") or found["spec"]["replicas"] >= self._pods:
            return ""
        return f"stable {stable['replicaSet']} has {found['spec']['replicas']} replicas"

    def _split(self, route: Object) -> str:
        """S2: the candidate's weight rises only to what the committed step says, and not once it is rejected."""
        if route["metadata"]["name"] != self._shop.name:
            return ""
        refs = [ref for rule in route["spec"]["rules"] for ref in rule["backendRefs"]]
        weight = sum(ref.get("weight", 1) for ref in refs if ref["name"] == f"{self._shop.name}-candidate")
        before, self._weight = self._weight, weight
        trial = self._status.get("trial") or {}
        allowed = 0 if trial.get("outcome") else (trial.get("step") or {}).get("weight", 0)
        return f"the candidate's weight rose to {weight}, and {allowed} is committed" if weight > max(before, allowed) else ""


def written_by_others(plane: ControlPlane, *namespaces: str) -> list[str]:
    """Writes in these namespaces of controllers that did not lead, in the audit log: S5, and the rule of the election."""
    leader, found = "", []
    calls = [c for c in plane.audit() if c.user == ACCOUNT and c.verb in _WRITES and c.code < 300 and not c.dry_run]
    for call in sorted(calls, key=lambda c: c.time):
        if call.resource == "leases":
            leader = call.pod
        elif call.resource != "events" and call.pod != leader and call.namespace in namespaces:
            found.append(f"{call.time} {call.pod}: {call.verb} {call.resource} {call.name}; {leader} led")
    assert leader, "the audit log does not tell whose token was used"
    return found
