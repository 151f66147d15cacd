"""JSON Merge Patch (RFC 7386): null removes, objects are merged, everything else is replaced."""

from typing import Any

from playground.apiserver.objects import copied
from playground.apiserver.patching.errors import undecodable


def merge_patched(obj: Any, patch: Any) -> Any:
    """The object after the patch. Raises PatchError for a patch that is no object."""
    if not isinstance(patch, dict):
        raise undecodable(patch, "map[string]interface {}")
    return _merged(obj, patch)


def _merged(value: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copied(patch)
    merged = dict(value) if isinstance(value, dict) else {}
    for key, wanted in patch.items():
        if wanted is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), wanted)
    return merged
