"""The invariants of flags, held against the raw ConfigMaps after every write of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation import changes

if TYPE_CHECKING:
    from tests.simulation.look import Look
    from tests.simulation.process import Process

Object = dict[str, Any]


def written(look: Look, _kind: str, before: Object | None, now: Object, writer: Process | None) -> None:
    """S2, S4: a flag goes on where the commit and the traffic say so; one that the commit takes back only goes off."""
    if writer is None or before is None:
        return
    old, new = changes.defaults(before), changes.defaults(now)
    committed = {each["flag"]: each for each in look.status.get("flags") or []}
    for name in (each for each in new if new[each] != old[each]):
        wish = committed.get(name, {})
        assert new[name] == wish.get(str(wish.get("state")).lower()), f"S2: flag {name} is {new[name]}, and no commit says so"
        if new[name] == "on":
            assert look.trial and not look.trial.get("outcome"), f"S4: flag {name} went on although nothing goes forward"
            assert not look.routed or (look.share(look.route) or 0) >= wish["weight"], f"S2: flag {name} went on before its share"


def first(look: Look, what: str) -> None:
    """S2: on the way back a flag is off before anything else; with a fault its write may fail, and holds up nothing."""
    back = {each["flag"] for each in look.status.get("flags") or [] if each.get("state") == "Off"}
    late = back & {name for name, default in look.flags.items() if default == "on"}
    assert not late or look.disturbed, f"S2: {what} before flag {min(late)} is off"
