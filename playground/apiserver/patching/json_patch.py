"""JSON Patch (RFC 6902), with the ways in which the API server differs from the letter of it.

`replace` of an absent member sets it, `copy` of an absent one adds null, `test` for null passes on an absent one. Numbers
compare as they are written: 1 is not 1.0. A negative index counts from the end. The object is copied once, at the start.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from playground.apiserver.objects import copied
from playground.apiserver.patching.errors import PatchError, undecodable, unfit

MOST_OPERATIONS = 10_000
_INDEX = re.compile(r"[+-]?[0-9]+")
_ABSENT: Any = object()

Operation = Mapping[str, Any]


def json_patched(obj: Any, patch: Any) -> Any:
    """The value after all operations. Raises PatchError if one of them fails: then none of them has happened."""
    if not isinstance(patch, list) or not all(isinstance(operation, dict) for operation in patch):
        wrong = next(item for item in patch if not isinstance(item, dict)) if isinstance(patch, list) else patch
        wanted = "handlers.jsonPatchOp" if isinstance(patch, list) else "[]handlers.jsonPatchOp"
        raise undecodable(wrong, wanted)
    if len(patch) > MOST_OPERATIONS:
        raise PatchError(413, f"The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {len(patch)}")
    document = copied(obj)
    for operation in patch:
        document = _operation(operation)(document, operation)
    return document


def _operation(operation: Operation) -> Callable[[Any, Operation], Any]:
    found = _OPERATIONS.get(str(operation.get("op")))
    if found is None:
        raise unfit(f"Unexpected kind: {operation.get('op')}")
    return found


def _pointer(operation: Operation, name: str = "path") -> str:
    path = operation.get(name)
    if not isinstance(path, str):
        raise unfit(f"{operation.get('op')} operation failed to decode {name}")
    return path


def _place(document: Any, path: str) -> tuple[Any, str]:
    """The container that a path ends in, and the last step."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
    if not steps:
        raise unfit(f"missing path: {path!r}")
    for step in steps[:-1]:
        document = _get(document, step)
        if not isinstance(document, dict | list):
            raise unfit(f"missing path: {path}")
    return document, steps[-1]


def _index(key: str, length: int) -> int:
    """`length`: how many indices there are."""
    if not _INDEX.fullmatch(key):
        raise unfit(f"not an array index: {key}")
    index = int(key)
    if not -length <= index < length:
        raise unfit(f"Unable to access invalid index: {key}")
    return index % length


def _get(container: Any, key: str) -> Any:
    if isinstance(container, dict):
        return container.get(key, _ABSENT)
    return container[_index(key, len(container))]


def _put(container: Any, key: str, value: Any) -> None:
    if isinstance(container, dict):
        container[key] = value
    elif key == "-":
        container.append(value)
    else:
        container.insert(_index(key, len(container) + 1), value)


def _add(document: Any, operation: Operation) -> Any:
    container, key = _place(document, _pointer(operation))
    _put(container, key, copied(operation.get("value")))
    return document


def _remove(document: Any, operation: Operation) -> Any:
    return _taken(document, _pointer(operation))


def _taken(document: Any, path: str) -> Any:
    container, key = _place(document, path)
    if isinstance(container, dict):
        if key not in container:
            raise unfit(f"Unable to remove nonexistent key: {path}")
        del container[key]
    else:
        del container[_index(key, len(container))]
    return document


def _replace(document: Any, operation: Operation) -> Any:
    path, value = _pointer(operation), copied(operation.get("value"))
    if path == "":
        if not isinstance(value, dict | list):
            raise unfit("replace operation value must be object or array")
        return value
    container, key = _place(document, path)
    if isinstance(container, dict):
        container[key] = value
    else:
        container[_index(key, len(container))] = value
    return document


def _move(document: Any, operation: Operation) -> Any:
    source = _pointer(operation, "from")
    value = _get(*_place(document, source))
    document = _taken(document, source)
    _put(*_place(document, _pointer(operation)), value)
    return document


def _copy(document: Any, operation: Operation) -> Any:
    value = _get(*_place(document, _pointer(operation, "from")))
    _put(*_place(document, _pointer(operation)), None if value is _ABSENT else copied(value))
    return document


def _test(document: Any, operation: Operation) -> Any:
    path = _pointer(operation)
    found = _get(*_place(document, path)) if path else document
    if not _same(None if found is _ABSENT else found, operation.get("value")):
        raise unfit(f"testing value {path} failed")
    return document


def _same(a: Any, b: Any) -> bool:
    """As JSON: true is not 1, 1 is not 1.0, wherever they are."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    if isinstance(a, list):
        return len(a) == len(b) and all(_same(one, other) for one, other in zip(a, b, strict=True))
    return bool(a == b)


_OPERATIONS: Mapping[str, Callable[[Any, Operation], Any]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
