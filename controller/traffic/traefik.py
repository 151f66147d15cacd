"""Traefik's TraefikService as a router, in its form `mirroring`: it copies requests, and switches between two Services.

The owner's main Service is replaced by `<service>-candidate` for all traffic, and nothing lies between: shares would need its
form `weighted`, which cannot mirror. Copies are a mirror to `<service>-candidate` after the owner's mirrors.
"""

from typing import Any

from controller.traffic.router import Object, Patch, Split, Unusable
from controller.traffic.services import candidate_name

_FORM = "/spec/mirroring"


class TraefikService:
    """Router for traefik.io/v1alpha1 TraefikService."""

    def read(self, route: Object, services: frozenset[str]) -> Split | Unusable:
        """See Router.read."""
        name, spec = route["metadata"]["name"], route["spec"]
        mirroring = spec.get("mirroring")
        if not isinstance(mirroring, dict) or spec.get("weighted"):
            return Unusable(problem=f"TraefikService {name} is not of the form mirroring; write spec.mirroring with the name and "
                            "port of the Service, and no spec.weighted.")  # fmt: skip
        main = _service(mirroring, route)
        found = next((each for each in sorted(services) if main in (each, candidate_name(each))), None)
        if found is None:
            there = ", ".join(sorted(services)) or "none"
            return Unusable(problem=f"TraefikService {name} does not send to a Service that selects these pods (Services that "
                            f"do: {there}); correct its spec.mirroring.name, or spec.traffic.traefikService.name.")  # fmt: skip
        weight, mirror = 0 if main == found else 100, _mirror(mirroring, candidate_name(found), route)
        return Split(service=found, weight=weight, mirror=mirror, as_owned=not weight and not mirror, accepted=True, splits=False,
                     unsafe="which does not say what methods its requests have")  # fmt: skip

    def write(self, route: Object, service: str, weight: int | None, mirror: int) -> Patch:
        """See Router.write. A weight other than 0 is all."""
        old, candidate = route["spec"]["mirroring"], candidate_name(service)
        own = [each for each in old.get("mirrors") or [] if _service(each, route) != candidate]
        new = {key: value for key, value in old.items() if key != "mirrors"} | {"name": candidate if weight else service}
        if mirror:
            # Like the main Service in all that says how it is reached.
            like = {key: new[key] for key in ("kind", "namespace", "port", "scheme", "serversTransport") if key in new}
            own = [*own, {**like, "name": candidate, "percent": mirror}]
        if own:
            new["mirrors"] = own
        return [{"op": "test", "path": _FORM, "value": old}, {"op": "replace", "path": _FORM, "value": new}]


def _service(ref: Object, route: Object) -> str | None:
    """Name of the Service that a reference means; None for other kinds and other namespaces, whatever their name."""
    own = route["metadata"]["namespace"]
    ours = ref.get("kind", "Service") == "Service" and ref.get("namespace", own) == own
    return str(ref["name"]) if ours else None


def _mirror(mirroring: Object, candidate: str, route: Object) -> int:
    found: list[Any] = [each for each in mirroring.get("mirrors") or [] if _service(each, route) == candidate]
    return max((int(each.get("percent", 0)) for each in found), default=0)
