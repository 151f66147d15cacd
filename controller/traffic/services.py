"""Services: which select a workload's pods, how they are pinned to one revision, and the candidate's own Service.

Pure: objects in, values or patches out. A pin stands twice, in the selector and in a label, so that the admission policy can
put it back; both are written in one patch.
"""

from collections.abc import Collection
from typing import Any

from controller.api import names
from strategies.world import effects
from strategies.world.observation import CandidateService, Service

Object = dict[str, Any]
Patch = list[dict[str, Any]]
_SUFFIX = "-candidate"
_SERVICE_NAME = "kubernetes.io/service-name"


def selects(service: Object, pod_labels: dict[str, str]) -> bool:
    """Whether the selector, a pin aside, matches pods with these labels. Services of ours never count."""
    if side_of(service) is not None or service["spec"].get("type") == "ExternalName":
        return False
    selector = {k: v for k, v in (service["spec"].get("selector") or {}).items() if k != names.HASH}
    return bool(selector) and all(pod_labels.get(k) == v for k, v in selector.items())


def served_by(endpoint_slice: Object) -> str | None:
    """Name of the Service whose endpoints these are."""
    return (endpoint_slice["metadata"].get("labels") or {}).get(_SERVICE_NAME)


def concerns(service: Object, deployment: object, hashes: Collection[str | None]) -> bool:
    """Whether a Service is this workload's: by its selector; or, without a Deployment to compare with, by its pin to one of
    the hashes.
    """
    if isinstance(deployment, dict):
        labels = (deployment["spec"]["template"].get("metadata") or {}).get("labels") or {}
        if selects(service, labels):
            return True
    pin = (service["metadata"].get("labels") or {}).get(names.PIN)
    return pin is not None and pin in hashes


def side_of(service: Object) -> str | None:
    """The Service whose candidate side this one is. The label alone is anybody's to write: one of ours has a Release as owner."""
    metadata = service["metadata"]
    owners = [str(o.get("apiVersion")).partition("/")[0] for o in metadata.get("ownerReferences") or [] if o.get("controller")]
    return (metadata.get("labels") or {}).get(names.CANDIDATE_OF) if names.GROUP in owners else None


def split_for(found: list[Object], release: str) -> frozenset[str]:
    """Names of the Services that have a candidate side made for the Release with this uid: they are known without a workload."""
    ours = (s["metadata"] for s in found if any(o.get("uid") == release for o in s["metadata"].get("ownerReferences") or []))
    return frozenset(m["labels"][names.CANDIDATE_OF] for m in ours if names.CANDIDATE_OF in (m.get("labels") or {}))


def pin_of(service: Object) -> str | None:
    """The hash that a Service is pinned to by its selector."""
    found = (service["spec"].get("selector") or {}).get(names.HASH)
    return str(found) if found else None


def read(service: Object, slices: list[Object], owners: dict[str, str]) -> Service:
    """A Service with its ready endpoints by hash. `owners` maps the workload's ReplicaSet names to hashes."""
    counts, foreign = endpoints(slices, owners)
    return Service(name=service["metadata"]["name"], pin=pin_of(service), endpoints=counts, foreign=foreign)


def endpoints(slices: list[Object], owners: dict[str, str]) -> tuple[dict[str, int], int]:
    """Ready endpoints by hash of the ReplicaSet, and how many pods belong to none of them.

    A pod's name starts with its ReplicaSet's, cut to 58 characters as Kubernetes does.
    """
    prefixes = {f"{name}-"[:58]: hash_ for name, hash_ in owners.items()}
    counts: dict[str, int] = {}
    foreign: set[str] = set()
    seen: set[str] = set()
    for endpoint in (e for s in slices for e in s.get("endpoints") or []):
        pod = (endpoint.get("targetRef") or {}).get("name")
        if not (endpoint.get("conditions") or {}).get("ready") or pod is None or pod in seen:
            continue
        seen.add(pod)
        hash_ = prefixes.get(pod[:-5])
        if hash_ is None:
            foreign.add(pod)
        else:
            counts[hash_] = counts.get(hash_, 0) + 1
    return counts, len(foreign)


def pin(service: Object, effect: effects.Pin) -> Patch:
    """Move, set or take off a pin; the selector must still be as it was seen."""
    labels = service["metadata"].get("labels")
    patch: Patch = [{"op": "test", "path": "/spec/selector", "value": service["spec"].get("selector") or {}}]
    label, selector = f"/metadata/labels/{names.PIN.replace('/', '~1')}", f"/spec/selector/{names.HASH}"
    if effect.new is None:
        patch.append({"op": "remove", "path": selector})
        return [*patch, {"op": "remove", "path": label}] if names.PIN in (labels or {}) else patch
    if labels is None:
        patch.append({"op": "add", "path": "/metadata/labels", "value": {}})
    return [*patch, {"op": "add", "path": label, "value": effect.new}, {"op": "add", "path": selector, "value": effect.new}]


def candidate_name(service: str) -> str:
    """Name of the Service of the candidate's side, within 63 characters."""
    return service[: 63 - len(_SUFFIX)].rstrip("-") + _SUFFIX


def read_candidate(found: Object | None, of: str, slices: list[Object], owners: dict[str, str]) -> CandidateService | None:
    """The Service of the candidate's side, if there is one of its name."""
    if found is None:
        return None
    ours = side_of(found) == of
    return CandidateService(
        name=found["metadata"]["name"], of=of, ours=ours, selects=pin_of(found), endpoints=endpoints(slices, owners)[0]
    )


def make_candidate(service: Object, hash_: str, release: Object) -> Object:
    """`<service>-candidate`: the same ports and labels, so that a ServiceMonitor finds it, and the candidate's pods only."""
    metadata, spec = service["metadata"], service["spec"]
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != names.PIN}
    ports = [{k: v for k, v in port.items() if k != "nodePort"} for port in spec.get("ports") or []]
    owner = {
        "apiVersion": f"{names.GROUP}/{names.VERSION}", "kind": "Release", "name": release["metadata"]["name"],
        "uid": release["metadata"]["uid"], "controller": True,
    }  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": candidate_name(metadata["name"]), "namespace": metadata["namespace"],
                     "labels": {**labels, names.CANDIDATE_OF: metadata["name"]}, "ownerReferences": [owner]},
        "spec": {"selector": {**(spec.get("selector") or {}), names.HASH: hash_}, "ports": ports, "type": "ClusterIP",
                 **({"clusterIP": "None"} if spec.get("clusterIP") == "None" else {})},
    }  # fmt: skip


def point_candidate(hash_: str) -> Patch:
    """Make an existing candidate Service select another hash."""
    return [{"op": "add", "path": f"/spec/selector/{names.HASH}", "value": hash_}]
