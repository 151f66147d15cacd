"""OpenAPI 3, by oasdiff."""

import json
from typing import Any

from controller.cli.contracts.program import Lists, NotCompared, find, run
from controller.cli.manifests import Document, read

_REMEDY = "install it from https://github.com/oasdiff/oasdiff"
_BREAKING = 2
"""oasdiff's levels: 1 for information, 2 for a warning, 3 for an error."""


def compare(old: str, new: str) -> Lists:
    """Warnings and errors break. Raises NotCompared."""
    for which, text in (("older", old), ("newer", new)):
        if not _is_openapi(text):
            raise NotCompared(f"the {which} one is no OpenAPI 3 document")
    found, said = _asked(old, new, "--flatten-allof")
    if found is None:
        # Too many combinations, or parts that contradict each other: as it is written, then.
        found, said = _asked(old, new)
    if found is None:
        raise NotCompared(f"not compared: oasdiff says: {said}")
    listed = [each for each in found if isinstance(each, dict) and each.get("section") != "info"]
    return (
        tuple(_line(each) for each in listed if each.get("level", _BREAKING) >= _BREAKING),
        tuple(_line(each) for each in listed if each.get("level", _BREAKING) < _BREAKING),
    )


def _asked(old: str, new: str, *more: str) -> tuple[list[Any] | None, str]:
    """What it finds, or None and what it says. With allOf flattened, schemas are compared by what they make, not by how."""
    # Nothing is fetched: a contract may name any address.
    told = ["--format", "json", "--allow-external-refs=false", *more]
    done = run("oasdiff", [find("oasdiff", _REMEDY), "changelog", "old", "new", *told], {"old": old, "new": new})
    try:
        found = json.loads(done.answer or b"null")
    except ValueError:
        found = None
    return (found if done.code == 0 and isinstance(found, list) else None), done.first


def _line(found: dict[str, Any]) -> str:
    where = " ".join(str(found[part]) for part in ("operation", "path") if found.get(part))
    text = str(found.get("text") or found.get("id") or "a difference").replace("`", "")
    return f"{where}: {text}" if where else text


def _is_openapi(text: str) -> bool:
    first = next(iter(read(text)), None)
    value = first.value if isinstance(first, Document) else None
    return isinstance(value, dict) and str(value.get("openapi", "")).startswith("3")
