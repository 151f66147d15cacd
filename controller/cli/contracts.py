"""Contracts, compared by the field's own tools: each language has one adapter, which turns the tool's findings into two lists.

A tool that is not there, and a contract that is none, are told; neither counts as compatible.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.cli.manifests import Document, read
from strategies.analysis.verdict import Unknown
from strategies.review.contracts import Compared
from strategies.spec.change import Change, Contract, ContractType

Find = Callable[[Contract], str | Unknown | None]
_PATIENCE = 60.0
_LOCATION = "https://github.com/oasdiff/oasdiff"
_BREAKING = 2
"""oasdiff's levels: 1 for information, 2 for a warning, 3 for an error."""


def compare(change: Change | None, older: Find, newer: Find) -> tuple[Compared, ...]:
    """Each declared contract, compared. `older` and `newer` give its text, None where there is none, or why not."""
    return tuple(_compare(each, older(each), newer(each)) for each in (change.contracts if change else ()))


def _compare(contract: Contract, old: str | Unknown | None, new: str | Unknown | None) -> Compared:
    name = contract.config_map
    for text in (old, new):
        if isinstance(text, Unknown):
            return Compared(name=name, problem=text.message)
    assert not isinstance(old, Unknown) and not isinstance(new, Unknown)
    if new is None:
        return Compared(name=name, problem=f"ConfigMap {name} with the key {contract.key} is nowhere; name the file that has it")
    if old is None:
        return Compared(name=name, first=True)
    return _ADAPTERS[contract.type](name, old, new)


def _openapi(name: str, old: str, new: str) -> Compared:
    for which, text in (("older", old), ("newer", new)):
        if not _is_openapi(text):
            return Compared(name=name, problem=f"the {which} one is no OpenAPI 3 document")
    tool = shutil.which("oasdiff")
    if tool is None:
        return Compared(name=name, problem=f"not compared, as oasdiff is not on the PATH; install it from {_LOCATION}")
    with tempfile.TemporaryDirectory(prefix="releasectl-") as folder:
        for file, text in (("old", old), ("new", new)):
            (Path(folder) / file).write_text(text, encoding="utf-8")
        # Nothing is fetched: a contract may name any address.
        command = [tool, "changelog", "old", "new", "--format", "json", "--allow-external-refs=false"]
        try:
            done = subprocess.run(  # noqa: S603  No shell; the arguments are ours.
                command, cwd=folder, env=dict(os.environ), capture_output=True, timeout=_PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            return Compared(name=name, problem=f"not compared: oasdiff took longer than {_PATIENCE:.0f} s")
    return _read(name, done)


def _read(name: str, done: "subprocess.CompletedProcess[bytes]") -> Compared:
    try:
        found = json.loads(done.stdout or b"null")
    except ValueError:
        found = None
    if done.returncode != 0 or not isinstance(found, list):
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no answer that can be read"]
        return Compared(name=name, problem=f"not compared: oasdiff says: {said[0][:150]}")
    listed = [each for each in found if isinstance(each, dict) and each.get("section") != "info"]
    return Compared(
        name=name,
        breaking=tuple(_line(each) for each in listed if each.get("level", _BREAKING) >= _BREAKING),
        safe=tuple(_line(each) for each in listed if each.get("level", _BREAKING) < _BREAKING),
    )


def _line(found: dict[str, Any]) -> str:
    where = " ".join(str(found[part]) for part in ("operation", "path") if found.get(part))
    text = str(found.get("text") or found.get("id") or "a difference").replace("`", "")
    return f"{where}: {text}" if where else text


def _is_openapi(text: str) -> bool:
    first = next(iter(read(text)), None)
    value = first.value if isinstance(first, Document) else None
    return isinstance(value, dict) and str(value.get("openapi", "")).startswith("3")


_ADAPTERS: dict[ContractType, Callable[[str, str, str], Compared]] = {ContractType.OPENAPI: _openapi}
