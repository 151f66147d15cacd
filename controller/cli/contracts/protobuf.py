"""Protocol Buffers, by buf. What was added is found by asking the other way round what was deleted."""

import json
from typing import Any

from controller.contracts.program import Lists, NotCompared, find, run

_FOUND = (0, 100)
_SETTINGS = "version: v2\nbreaking: {use: [FILE]}\n"
"""buf's strictest category: what breaks on the wire, in JSON, or in code that is made from the file."""
_GONE, _DELETED = "Previously present ", " was deleted"


def compare(old: str, new: str) -> Lists:
    """Every finding breaks. Raises NotCompared."""
    breaking = tuple(str(each["message"]).rstrip(".") for each in _findings(old, new))
    deleted = [str(each["message"]) for each in _findings(new, old) if str(each["type"]).endswith("_NO_DELETE")]
    return breaking, tuple(_added(each) for each in deleted if _DELETED in each)


def _findings(old: str, new: str) -> list[dict[str, Any]]:
    command = [find("buf", "pip install buf-bin"), "breaking", "new", "--against", "old", "--error-format", "json"]
    files = {f"{which}/contract.proto": text for which, text in (("old", old), ("new", new))}
    done = run("buf", command, files | {f"{which}/buf.yaml": _SETTINGS for which in ("old", "new")})
    try:
        found = [json.loads(line) for line in done.answer.splitlines()]
        broken = next((each for each in found if each["type"] == "COMPILE"), None)
        told = [each for each in found if each["message"]]
    except (ValueError, KeyError, TypeError):
        raise NotCompared(f"not compared: buf says: {done.first}") from None
    if broken:
        which = "older" if str(broken["path"]).startswith("old") else "newer"
        line, text = broken.get("start_line", 1), str(broken["message"])[:150]
        raise NotCompared(f"the {which} one is no Protocol Buffers file that stands alone: line {line}: {text}")
    if done.code not in _FOUND or bool(told) != (done.code != 0):
        raise NotCompared(f"not compared: buf says: {done.first}")
    return told


def _added(text: str) -> str:
    return f"{text.removeprefix(_GONE).partition(_DELETED)[0]} was added"
