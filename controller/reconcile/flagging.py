"""The flags of a Release: which are looked at, what they are, and how one is written and read back."""

from typing import Any

from controller.flags import flagd, objects
from controller.kube.connection import Timeouts
from controller.reconcile.cluster import FLAG_HOLDERS
from controller.reconcile.memory import Read
from controller.reconcile.traffic import Look
from strategies.analysis.verdict import Unknown
from strategies.spec.flag import FlagPlace
from strategies.spec.status import ToggleState
from strategies.world.observation import FlagSeen

Object = dict[str, Any]
BRIEFLY = Timeouts(connect=1.0, read=1.0, total=2.0)
"""For the write of a flag: users on a bad version do not wait for it any longer."""


def places(look: Look) -> set[FlagPlace]:
    """What is looked at: the spec's, and those that are on their way; not what earlier releases have put on."""
    status = look.status
    present = {r.hash for r in (status.stable, status.trial.candidate if status.trial else None) if r is not None}
    going = {each.place for each in status.flags if each.state is not ToggleState.ON or each.revision in present}
    return going | {flag.place for flag in (look.spec.flags if look.spec else ())}


def unsynced(look: Look) -> bool:
    """Whether one of them was not read yet."""
    return any(not look.views.follow(FLAG_HOLDERS[p.kind], p.object).synced.is_set() for p in places(look))


def read_flags(look: Look) -> dict[FlagPlace, FlagSeen | Unknown]:
    """All of them; each text is read once for each of its versions."""
    known = look.memory.flags
    found: dict[FlagPlace, Read] = {}
    for place in places(look):
        view = look.views.follow(FLAG_HOLDERS[place.kind], place.object)
        if not view.synced.is_set():
            found[place] = (None, _unread(place))
            continue
        holder = view.store.get(look.namespace, place.object)
        before = known.get(place)
        found[place] = before if before is not None and before[0] is holder else (holder, objects.read(holder, place))
    look.memory.flags = found
    return {place: seen for place, (_, seen) in found.items()}


def _unread(place: FlagPlace) -> Unknown:
    value = f"flags.configMaps={{{place.object}}}" if place.key else "flags.featureFlags=true"
    message = (f"{place.kind} {place.object} could not be read. The chart's value {value} lets the controller read and switch "
               "it; see docs/flags.md.")  # fmt: skip
    return Unknown(reason="NotListed", message=message)


def patch(holder: Object, place: FlagPlace, old: str, new: str) -> objects.Patch | None:
    """What makes the flag `new`; None where it is no longer what it was."""
    try:
        return objects.switch(holder, place, old, new)
    except flagd.Unusable:
        return None
