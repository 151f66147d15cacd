"""The objects that hold flags: ConfigMaps with a text in flagd's form, and OpenFeature's FeatureFlags."""

import json
from typing import Any

from controller.api import names
from controller.flags import flagd
from strategies.analysis.verdict import Unknown
from strategies.spec.flag import FlagKind, FlagPlace
from strategies.world.observation import FlagSeen

Object = dict[str, Any]
Patch = list[dict[str, Any]]


def read(found: Object | None, place: FlagPlace) -> FlagSeen | Unknown:
    """The flag at this place of an object (None: there is no such object). Unknown where it cannot be told what it is."""
    if found is None:
        return FlagSeen(variant=None, problem=f"{place.kind} {place.object} does not exist; create it, or correct the source.")
    if place.kind is FlagKind.FEATURE_FLAG:
        return _of_feature_flag(found, place)
    text = (found.get("data") or {}).get(place.key)
    if text is None:
        keys = ", ".join(sorted(found.get("data") or {})[:10]) or "none"
        return FlagSeen(variant=None, problem=f"ConfigMap {place.object} has no key {place.key}; there are: {keys}.")
    try:
        seen = flagd.seen(flagd.read(text), place.flag)
    except flagd.Unusable as error:
        message = f"key {place.key} of ConfigMap {place.object} cannot be understood: {error}. See docs/flags.md."
        return Unknown(reason="FlagsUnreadable", message=message)
    if found.get("immutable") and seen.problem is None:
        return FlagSeen(variant=seen.variant, variants=seen.variants, problem="its ConfigMap is immutable; make it anew without.")
    return seen


def _of_feature_flag(found: Object, place: FlagPlace) -> FlagSeen | Unknown:
    flags = _below(_below(found.get("spec"), "flagSpec"), "flags")
    if flags is None:
        message = f"FeatureFlag {place.object} has no spec.flagSpec.flags."
        return Unknown(reason="FlagsUnreadable", message=message)
    flag = _below(flags, place.flag)
    if flag is None:
        return flagd.missing(flags)
    variants = list(_below(flag, "variants") or {})
    default = flag.get("defaultVariant")
    return flagd.judged(str(flag.get("state", "ENABLED")), variants, default if isinstance(default, str) else "",
                        targeted=bool(flag.get("targeting")))  # fmt: skip


def _below(value: object, key: str) -> Object | None:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else None


def switch(found: Object, place: FlagPlace, old: str, new: str) -> Patch:
    """Make `new` the default where `old` is, as a JSON Patch that tests the old text, or the old word. Raises flagd.Unusable."""
    if place.kind is FlagKind.FEATURE_FLAG:
        at = f"/spec/flagSpec/flags/{names.pointer(place.flag)}/defaultVariant"
        return [{"op": "test", "path": at, "value": old}, {"op": "replace", "path": at, "value": new}]
    text = (found.get("data") or {}).get(place.key)
    if text is None:
        raise flagd.Unusable(f"ConfigMap {place.object} has no key {place.key}")
    seen = flagd.seen(flagd.read(text), place.flag)
    if seen.variant != old:
        raise flagd.Unusable(f"its default is {json.dumps(seen.variant)} and not {json.dumps(old)}")
    at = f"/data/{names.pointer(place.key)}"
    written = flagd.switched(text, place.flag, new)
    return [{"op": "test", "path": at, "value": text}, {"op": "replace", "path": at, "value": written}]
