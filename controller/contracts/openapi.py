"""OpenAPI 3, by oasdiff.

Documents come from strangers, too: here nothing of them is parsed but what oasdiff says, and that is bounded.
"""

import json
from typing import Any

from controller.contracts.program import AT_A_TERMINAL, Bounds, Done, Lists, NotCompared, find, run
from strategies.review.contracts import Period

NAME = "oasdiff"
REMEDY = "install it from https://github.com/oasdiff/oasdiff"
_BREAKING = 2
"""oasdiff's levels: 1 for information, 2 for a warning, 3 for an error."""
_OTHER = '{"openapi": "other", "info": {"title": "-", "version": "-"}, "paths": {}}'
"""Compared with this one, whose version no document has, a document's own is among the differences."""
# Nothing is fetched: a contract may name any address.
_TOLD = ("--format", "json", "--allow-external-refs=false")
_WITHOUT_NOTICE = ("-sunset-missing", "-too-small", "-removed-with-deprecation")
"""Ends of the names of what a period forbids. The last is of what was deprecated without a date; after one that has passed
nothing is told.
"""
_UNDATED = ("api-path", "api", "request-parameter", "request-property", "response-required-property")
_FORBIDDEN = "".join(f"{what}-removed-with-deprecation err\n" for what in _UNDATED)


def compare(
    old: str, new: str, bounds: Bounds = AT_A_TERMINAL, period: Period | None = None, *, breaking_only: bool = False
) -> Lists:
    """Warnings and errors break, and what was or will be removed earlier than `period` allows. Raises NotCompared; TooLong where
    there may be room for what breaks alone.
    """
    oasdiff = find(NAME, REMEDY)
    for which, text in (("older", old), ("newer", new)):
        done = run(NAME, [oasdiff, "diff", "old", "new", "--match-path", "^$", *_TOLD], {"old": _OTHER, "new": text}, bounds)
        if (found := _read(done)) is None:
            raise NotCompared(f"the {which} one cannot be read; oasdiff says: {done.first}")
        if not _version(found).startswith("3"):
            raise NotCompared(f"the {which} one is no OpenAPI 3 document")
    days = [f"--deprecation-days-{level}={period.days}" for level in ("stable", "beta")] if period else []
    command, files = [oasdiff, "changelog", "old", "new", *_TOLD, *days], {"old": old, "new": new, "levels": _FORBIDDEN}
    if breaking_only:
        command += ["--level", "WARN", *(["--severity-levels", "levels"] if period else [])]
    # With allOf flattened, schemas are compared by what they make, not by how.
    done = run(NAME, [*command, "--flatten-allof"], files, bounds)
    found = _read(done)
    if not isinstance(found, list):
        # Too many combinations, or parts that contradict each other: as it is written, then.
        done = run(NAME, command, files, bounds)
        found = _read(done)
    if not isinstance(found, list):
        raise NotCompared(f"not compared: oasdiff says: {done.first}")
    listed = [each for each in found if isinstance(each, dict) and each.get("section") != "info"]
    breaking: list[str] = []
    safe: list[str] = []
    for each in listed:
        line, breaks = _line(each), each.get("level", _BREAKING) >= _BREAKING
        if period and str(each.get("id")).endswith(_WITHOUT_NOTICE):
            line, breaks = f"{line}; ReleasePolicy {period.policy} asks for an x-sunset at least {period.days} days ahead", True
        (breaking if breaks else safe).append(line)
    return tuple(breaking), tuple(safe)


def _read(done: Done) -> Any:
    """The answer; None where there is none."""
    try:
        return json.loads(done.answer) if done.code == 0 else None
    except ValueError:
        return None


def _version(found: Any) -> str:
    """Of OpenAPI, of a document that was compared with _OTHER; "" for what is no such document."""
    version = found.get("openAPI") if isinstance(found, dict) else None
    return str(version.get("to")) if isinstance(version, dict) else ""


def _line(found: dict[str, Any]) -> str:
    where = " ".join(str(found[part]) for part in ("operation", "path") if found.get(part))
    text = str(found.get("text") or found.get("id") or "a difference").replace("`", "")
    return f"{where}: {text}" if where else text
