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
    # Nothing is fetched: a contract may name any address. allOf is taken for what it makes: Kubernetes
    # wraps its references in one minor version and not in the next.
    told = ["--format", "json", "--allow-external-refs=false", "--flatten-allof"]
    command = [find("oasdiff", _REMEDY), "changelog", "old", "new", *told]
    done = run("oasdiff", command, {"old": old, "new": new})
    try:
        found = json.loads(done.answer or b"null")
    except ValueError:
        found = None
    if done.code != 0 or not isinstance(found, list):
        raise NotCompared(f"not compared: oasdiff says: {done.first}")
    listed = [each for each in found if isinstance(each, dict) and each.get("section") != "info"]
    return (
        tuple(_line(each) for each in listed if each.get("level", _BREAKING) >= _BREAKING),
        tuple(_line(each) for each in listed if each.get("level", _BREAKING) < _BREAKING),
    )


def _line(found: dict[str, Any]) -> str:
    where = " ".join(str(found[part]) for part in ("operation", "path") if found.get(part))
    text = str(found.get("text") or found.get("id") or "a difference").replace("`", "")
    return f"{where}: {text}" if where else text


def _is_openapi(text: str) -> bool:
    first = next(iter(read(text)), None)
    value = first.value if isinstance(first, Document) else None
    return isinstance(value, dict) and str(value.get("openapi", "")).startswith("3")
