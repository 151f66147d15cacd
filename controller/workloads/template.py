"""When two pod templates are the same for Kubernetes: quantities compared by value, the hash label aside.

Never compare templates in another way: a digest that differs from Kubernetes' own judgement would start releases by itself.
"""

import hashlib
import json
import threading
from decimal import Decimal, InvalidOperation
from typing import Any

from controller.api.names import HASH, RESTARTED_AT
from strategies.world.observation import TemplateView

_SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15),
    "E": Decimal(10**18), "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
    "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip
_QUANTITY_MAPS = frozenset({"limits", "requests", "overhead"})
_QUANTITIES = frozenset({"sizeLimit", "divisor"})


def view(template: dict[str, Any], version_label: str | None, literal: str | None) -> TemplateView:
    """A template's digests and version. The version is the literal, the label's value, or the first container's tag."""
    bare = plain(template)
    annotations = bare.get("metadata", {}).get("annotations") or {}
    unrestarted = {k: v for k, v in annotations.items() if k != RESTARTED_AT}
    restartless = {**bare, "metadata": {**bare.get("metadata", {}), "annotations": unrestarted}}
    with_annotations = {**bare, "metadata": {**bare.get("metadata", {}), "annotations": annotations}}
    return TemplateView(
        digest=_digest(with_annotations), restartless=_digest(restartless), version=_version(bare, version_label, literal)
    )


def is_one(found: dict[str, Any]) -> bool:
    """Whether it has the form of a pod template; the API server looks into no ControllerRevision."""
    metadata, spec = found.get("metadata") or {}, found.get("spec")
    if not isinstance(metadata, dict) or not isinstance(spec, dict):
        return False
    maps, containers = [metadata.get(part) or {} for part in ("labels", "annotations")], spec.get("containers")
    listed = isinstance(containers, list) and bool(containers) and all(isinstance(each, dict) for each in containers)
    return listed and all(isinstance(each, dict) for each in maps)


class Templates:
    """Views of the templates of Deployments and ReplicaSets, made once for each generation, in which no spec changes.

    Without it they are a tenth of the controller's work. Safe to use from many threads.
    """

    def __init__(self, most: int = 10_000) -> None:
        """The oldest is forgotten when there are more than `most`."""
        self._most = most
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str | None, str | None], tuple[int, TemplateView]] = {}

    def view(self, found: dict[str, Any], version_label: str | None, literal: str | None) -> TemplateView:
        """As the function, of the template in a Deployment or ReplicaSet that the API server keeps."""
        metadata = found["metadata"]
        key, generation = (metadata["uid"], version_label, literal), metadata.get("generation", 0)
        known = self._made.get(key)
        if known is None or known[0] != generation:
            known = (generation, view(found["spec"]["template"], version_label, literal))
            with self._lock:
                self._made[key] = known
                if len(self._made) > self._most:
                    del self._made[next(iter(self._made))]
        return known[1]


def canonical_quantity(text: Any) -> str:
    """A quantity as a plain number, so that 1Gi equals 1073741824; anything that is none stays as it is."""
    value = str(text)
    number = value.rstrip("numkKMGTPEi")
    suffix = value[len(number) :]
    try:
        amount = Decimal(number) * _SUFFIXES[suffix]
    except (InvalidOperation, KeyError):
        return value
    return format(amount.normalize(), "f")


def plain(template: dict[str, Any]) -> dict[str, Any]:
    """A template as it is compared: quantities by value, without nulls and without the hash label."""
    bare: dict[str, Any] = _canonical(template)
    metadata = {k: v for k, v in (bare.get("metadata") or {}).items() if k != "creationTimestamp"}
    metadata["labels"] = {k: v for k, v in (metadata.get("labels") or {}).items() if k != HASH}
    return {**bare, "metadata": metadata}


def _canonical(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        if key in _QUANTITY_MAPS:
            return {k: canonical_quantity(v) for k, v in value.items()}
        return {k: _canonical(v, k) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return canonical_quantity(value) if key in _QUANTITIES else value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32]


def _version(template: dict[str, Any], label: str | None, literal: str | None) -> str | None:
    if literal:
        return literal
    if label:
        found = (template.get("metadata", {}).get("labels") or {}).get(label)
        return str(found)[:317] if found else None
    containers = template.get("spec", {}).get("containers") or [{}]
    image = str(containers[0].get("image", "")).partition("@")[0]
    name, _, tag = image.rpartition(":")
    return tag[:317] if name and "/" not in tag else None
