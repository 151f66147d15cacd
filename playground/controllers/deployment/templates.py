"""Pod templates compared, and their hash. Pure.

Two templates are equal when they mean the same: amounts by value (`1Gi` is `1073741824`), the label pod-template-hash aside;
that nothing empty is written is the API server's care. The hash need not be Kubernetes' own number, only deterministic and of
the same form.
"""

import hashlib
import json
from typing import Any

from playground.apiserver import quantities
from playground.apiserver.objects import Object

HASH = "pod-template-hash"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_MAPS_OF_AMOUNTS = frozenset({"limits", "requests", "overhead"})
_AMOUNTS = frozenset({("emptyDir", "sizeLimit"), ("resourceFieldRef", "divisor")})


def are_equal(one: Object, other: Object) -> bool:
    """Two pod templates mean the same."""
    return one == other or _meaning(one) == _meaning(other)


def hash_of(template: Object, collisions: int | None) -> str:
    """The value of the label pod-template-hash; another one for each number of collisions."""
    text = json.dumps([_meaning(template), collisions], sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=4).digest()
    return "".join(_LETTERS[ord(digit) % len(_LETTERS)] for digit in str(int.from_bytes(digest, "big")))


def with_hash(found: Object, field: str, value: str) -> Object:
    """A copy of what holds labels in this field, with the hash among them."""
    return found | {field: (found.get(field) or {}) | {HASH: value}}


def _meaning(template: Object) -> Object:
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    return {"metadata": metadata | {"labels": labels}, "spec": _measured(template.get("spec"), "")}


def _measured(value: Any, field: str) -> Any:
    """The value with every amount as a plain number."""
    if isinstance(value, list):
        return [_measured(item, "") for item in value]
    if isinstance(value, dict):
        return {
            key: str(quantities.amount(item).normalize()) if field in _MAPS_OF_AMOUNTS or (field, key) in _AMOUNTS
            else _measured(item, key)
            for key, item in value.items()
        }  # fmt: skip
    return value
