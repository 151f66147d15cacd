"""The invariants of the candidate's backend in a route, held against the raw route after every write of ours.

Proxies learn of routes and of backends in no order: a backend that enters or leaves with a share is unknown to some of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation import mirroring

if TYPE_CHECKING:
    from tests.simulation.look import Look

Object = dict[str, Any]


def written(look: Look, before: Object, now: Object) -> None:
    """S2: a backend enters and leaves without a share; a share rises, and a backend leaves, on what the gateway has accepted."""
    old, new = look.share(before), look.share(now)
    if (new or 0) > (old or 0):
        assert old is not None or mirroring.mirror(before), f"S2: a backend came in with weight {new}"
        assert _accepted(before), f"S2: weight {new} before the gateway has accepted what was there"
    if new is None and old is not None:
        assert not old, f"S2: a backend went out with weight {old}"
        # A gateway that says nothing any more holds up no end.
        assert _accepted(before) or look.disturbed, "S2: a backend went out unaccepted"


def _accepted(route: Object) -> bool:
    """Whether its gateways say that they carry out this form."""
    said = [c for each in (route.get("status") or {}).get("parents") or [] for c in each["conditions"] if c["type"] == "Accepted"]
    return bool(said) and all((c["status"], c["observedGeneration"]) == ("True", route["metadata"]["generation"]) for c in said)
