"""The part of JSONPath that printer columns use: fields, indices, `[*]`, and filters that compare a field with a text."""

import json
import re
from collections.abc import Iterator
from typing import Any

_STEP = re.compile(
    r"""\.?\[\?\(@\.(?P<field>[\w.\\/-]+)\s*(?P<sign>==|!=)\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')\)\]
    |\.?\[(?P<index>-?\d+|\*)\]
    |\.?\['(?P<quoted>(?:[^'\\]|\\.)+)'\]
    |\.(?P<name>(?:[^.\[\\]|\\.)+)""",
    re.VERBOSE,
)


def found(value: Any, path: str) -> list[Any]:
    """What a path such as `.status.conditions[?(@.type=="Ready")].status` leads to; nothing where it leads nowhere."""
    values, at = [value], 0
    path = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return []
        values = [below for each in values for below in _below(each, step)]
        at = step.end()
    return values


def _below(value: Any, step: re.Match[str]) -> Iterator[Any]:
    name = step["quoted"] or step["name"]
    if name is not None:
        key = re.sub(r"\\(.)", r"\1", name)
        if isinstance(value, dict) and key in value:
            yield value[key]
    elif step["field"] is not None:
        wanted = step["double"] if step["double"] is not None else step["single"]
        for item in value if isinstance(value, list) else ():
            if (found(item, f".{step['field']}") == [wanted]) is (step["sign"] == "=="):
                yield item
    elif step["index"] == "*":
        yield from value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    elif isinstance(value, list) and -len(value) <= int(step["index"]) < len(value):
        yield value[int(step["index"])]


def shown(value: Any) -> str:
    """A value as text: as it is, objects and lists as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "<nil>"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
