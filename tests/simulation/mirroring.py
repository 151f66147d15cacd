"""The invariants of mirrors, held against the raw route after every write of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.look import Look

Object = dict[str, Any]


def written(look: Look, before: Object, now: Object) -> None:
    """S2, S4: copies rise only where the commit says so, to one that is there; users have no share of what is mirrored."""
    old, new, trial = mirror(before), mirror(now), look.trial
    if new > old:
        assert trial and not trial.get("outcome"), f"S4: {new} % are mirrored although nothing goes forward"
        assert new <= trial["step"].get("mirror", 0), f"S2: {new} % are mirrored, and the step says otherwise"
        assert any(look.ready("shop-candidate").values()) or look.disturbed, "S2: requests are mirrored to nobody"
    assert not new or not look.share(now), "S2: users have a share of what is mirrored"


def first(look: Look, what: str) -> None:
    """S2: on the way back the mirror is off before pods go; with a fault its write may fail, and holds up nothing."""
    back = look.trial and look.trial.get("outcome")
    assert not back or not look.route or not mirror(look.route) or look.disturbed, f"S2: {what} before the mirror is off"


def mirror(route: Object) -> int:
    """The share of the first rule's requests that are mirrored to the candidate's Service."""
    filters = route["spec"]["rules"][0].get("filters") or []
    found = [each["requestMirror"] for each in filters if each["type"] == "RequestMirror"]
    return max((each.get("percent", 100) for each in found if each["backendRef"]["name"] == "shop-candidate"), default=0)
