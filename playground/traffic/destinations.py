"""Where a request goes: from Services and weights to the addresses of ready pods, as EndpointSlices name them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from playground.apiserver.objects import Key, Object, key_of, labels_of

NO_BACKEND, NO_ENDPOINT = 500, 503
"""What a request is answered with that no Service can be found for, or no ready pod of the Service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where requests go: addresses of pods, or the status code where there is none to go to.

    `cumulative` are the sums of the targets' weights up to each. `copies` is where copies go, if any are made, and `copied` how
    many for each request.
    """

    targets: tuple[str | int, ...]
    cumulative: tuple[float, ...]
    copies: "Plan | None" = None
    copied: float = 0.0


class Destinations:
    """All Services, and the ready addresses behind them."""

    def __init__(self) -> None:
        self.services: dict[Key, Object] = {}
        self._addresses: dict[Key, dict[str, list[str]]] = {}

    def observe_service(self, event: str, service: Object) -> Key:
        """Take note of a watch event; the Service's key."""
        key = key_of(service)
        if event == "DELETED":
            self.services.pop(key, None)
        else:
            self.services[key] = service
        return key

    def observe_slice(self, event: str, found: Object) -> Key:
        """Take note of a watch event of an EndpointSlice; its Service's key."""
        namespace, name = key_of(found)
        service = (namespace, labels_of(found).get("kubernetes.io/service-name", ""))
        slices = self._addresses.setdefault(service, {})
        if event == "DELETED":
            slices.pop(name, None)
        else:
            ready = (e for e in found.get("endpoints") or [] if (e.get("conditions") or {}).get("ready", True))
            slices[name] = [endpoint["addresses"][0] for endpoint in ready]
        return service

    def spread(self, shares: Sequence[tuple[Key | int, float]]) -> Plan:
        """Spread each share evenly over its Service's ready pods. A code instead of a Service stays as it is."""
        weighted: list[tuple[str | int, float]] = []
        for target, share in shares:
            if isinstance(target, int):
                weighted.append((target, share))
                continue
            addresses = [one for part in self._addresses.get(target, {}).values() for one in part]
            weighted += [(address, share / len(addresses)) for address in addresses] or [(NO_ENDPOINT, share)]
        targets, weights = zip(*weighted, strict=True)
        return Plan(targets=targets, cumulative=tuple(itertools.accumulate(weights)))
