"""hold: a changed template of a Deployment that a Release names is held, whoever writes it; nobody else's request undoes a mark.

It may run a second time on its own result and then changes nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from playground.policies import holding
from playground.policies.write import (
    BREAK_GLASS,
    BROKEN_BY,
    CHANGED_BY,
    DRIVEN,
    HELD,
    KEPT_BACK,
    RELEASE,
    STRATEGY,
    Object,
    Write,
    annotations,
    labels,
    spec,
    with_metadata,
    with_spec,
)

_MARKS = (RELEASE, HELD, DRIVEN)
_NOTES = (CHANGED_BY, STRATEGY, BREAK_GLASS, BROKEN_BY)
_LIMITS = ("maxSurge", "maxUnavailable")


def mutate(write: Write) -> Object:
    """The Deployment as it is kept."""
    if holding.lets_go(write):
        return _let_go(write)
    kept = _noticed(write, write.object if write.ours else _kept(write))
    return _held(write, kept) if holding.labelled(write) and holding.changed(write) else kept


def _let_go(write: Write) -> Object:
    """The label goes, so the marks go with it, and a strategy that is safe to unpause comes back."""
    free = with_metadata(write.object, "labels", _without(write.labels, (HELD, DRIVEN, KEPT_BACK)))
    stamp = {BROKEN_BY: write.user} if write.annotations else {}
    free = with_metadata(free, "annotations", {**_without(write.annotations, (CHANGED_BY, STRATEGY)), **stamp})
    if not holding.driven(write):
        return free
    limits = {key: value for key, value in _original(write).get("rollingUpdate", {}).items() if _is_limit(key, value)}
    return with_spec(free, strategy={"type": "RollingUpdate", **({"rollingUpdate": limits} if limits else {})})


def _kept(write: Write) -> Object:
    """For everybody but the controller: marks and notes, the pause and the strategy stay, and no mark is invented."""
    marks = _MARKS[1:] if holding.hands_back(write) else _MARKS
    kept = with_metadata(write.object, "labels", _as_before(write.labels, write.old_labels, marks))
    old_notes = {} if holding.hands_back(write) else write.old_annotations
    kept = with_metadata(kept, "annotations", _as_before(write.annotations, old_notes, _NOTES))
    if holding.held(write):
        kept = with_spec(kept, paused=True)
    if holding.driven(write) and write.changes("strategy"):
        kept = with_spec(kept, strategy=spec(write.old).get("strategy"))
    return kept


def _noticed(write: Write, kept: Object) -> Object:
    """The label kept-back tells hold-notice what of the request is not done, and goes with the next write.

    A second run finds nothing kept back; what differs from the old label is then of the first, and stays. Therefore `-again`.
    """
    old, new = write.old_labels.get(KEPT_BACK, ""), write.labels.get(KEPT_BACK, "")
    back = "-".join(_kept_back(write))
    if back:
        notice = back + ("-again" if back == old else "")
        return with_metadata(kept, "labels", {**labels(kept), KEPT_BACK: notice})
    return with_metadata(kept, "labels", _without(labels(kept), (KEPT_BACK,))) if old and old == new else kept


def _held(write: Write, kept: Object) -> Object:
    """For everybody, the controller included."""
    held = with_spec(kept, paused=True)
    held = with_metadata(held, "labels", {**labels(held), HELD: "true"})
    return with_metadata(held, "annotations", {**annotations(held), CHANGED_BY: write.user})


def _kept_back(write: Write) -> Sequence[str]:
    if write.ours:
        return ()
    paused = ["paused"] if holding.held(write) and not holding.paused(write) else []
    strategy = holding.driven(write) and write.changes("strategy") and not _brings_the_original(write)
    return [*paused, "strategy"] if strategy else paused


def _brings_the_original(write: Write) -> bool:
    """The strategy in the request is the owner's own: he applies the same manifest again."""
    original, new = _original(write), spec(write.object).get("strategy") or {}
    limits, own = new.get("rollingUpdate"), original.get("rollingUpdate") or {}
    same = limits is None or all(own.get(key) == limits.get(key) for key in _LIMITS)
    return bool(original.get("type") == new.get("type")) and same


def _original(write: Write) -> Mapping[str, Any]:
    """The strategy that the owner wrote, while the controller's is in its place."""
    try:
        found = json.loads(write.old_annotations.get(STRATEGY, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_limit(key: str, value: object) -> bool:
    return key in _LIMITS and re.fullmatch(r"[0-9]+%" if isinstance(value, str) else r"[0-9]+", str(value)) is not None


def _as_before(new: Mapping[str, str], old: Mapping[str, str], keys: Sequence[str]) -> Mapping[str, str]:
    return _without(new, keys) | {key: old[key] for key in keys if key in old}


def _without(values: Mapping[str, str], keys: Sequence[str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if key not in keys}
