"""Changing objects by patch and by server-side apply, and who owns which field: pure functions of JSON values.

Everything here answers as kube-apiserver does, including its refusals. Nothing here reads the store, the clock or a request;
values given in are shared with the store and are never changed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from playground.apiserver.objects import Object, copied
from playground.apiserver.patching.errors import PatchError
from playground.apiserver.patching.json_patch import json_patched
from playground.apiserver.patching.merge_patch import merge_patched
from playground.apiserver.patching.strategic import strategically_patched
from playground.apiserver.schema.builtins import shape_of as keys_for
from playground.apiserver.schema.shapes import Shape

__all__ = ["PatchError", "apply_patch", "keys_for"]

_KINDS: Mapping[str, Callable[[Object, Any, Shape], Any]] = {
    "json": lambda obj, patch, _: json_patched(obj, patch),
    "merge": lambda obj, patch, _: copied(merge_patched(obj, patch)),
    "strategic": lambda obj, patch, keys: copied(strategically_patched(obj, patch, keys)),
}


def apply_patch(kind: str, obj: Object, patch: Any, keys: Shape) -> Object:
    """The object after a patch of kind json, merge or strategic, all of it new. `keys`: what is known of its type.

    Raises PatchError.
    """
    patched = _KINDS[kind](obj, patch, keys)
    if not isinstance(patched, dict):
        raise PatchError(400, "the patch does not leave an object")
    return patched
