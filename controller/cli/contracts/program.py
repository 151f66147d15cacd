"""Starts the programs that compare contracts, bounded in time, memory and output, and knows where they are.

Contracts are given to them as files of a folder of their own. What an answer means is the adapters' business.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Lists = tuple[tuple[str, ...], tuple[str, ...]]
"""What breaks, and what is safe: one sentence each, with its path."""
_PATIENCE = 60.0
_MEMORY, _OUTPUT = 2 * 2**30, 64 * 2**20
"""Bytes: of address space, and of each file that it writes, its answer among them."""
_SAME_WORDS = {"PYTHONHASHSEED": "0"}
"""A finding is accepted by its words, and a library prints sets."""
# As the shell counts: memory in KiB, files in blocks of 512. A system that knows no such limit goes without.
_BOUNDED = f'ulimit -v {_MEMORY // 2**10} 2>/dev/null; ulimit -f {_OUTPUT // 512} 2>/dev/null; exec "$@"'


class NotCompared(Exception):
    """Why two contracts could not be compared; nothing is to be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a program ended, and what it said: its answer, and the first and the last line of its errors."""

    code: int
    answer: bytes
    first: str
    last: str


def find(name: str, remedy: str) -> str:
    """A program on the PATH or beside releasectl. Raises NotCompared, with the remedy."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name) or shutil.which(name, path=beside)
    if found is None:
        raise NotCompared(f"not compared, as {name} is not on the PATH; {remedy}")
    return found


def run(name: str, command: Sequence[str], files: Mapping[str, str]) -> Done:
    """Run a command in a folder that has these files and nothing else. Raises NotCompared when it takes too long."""
    with tempfile.TemporaryDirectory(prefix="releasectl-") as folder, tempfile.TemporaryDirectory(prefix="releasectl-") as said:
        for file, text in files.items():
            (Path(folder) / file).parent.mkdir(exist_ok=True)
            (Path(folder) / file).write_text(text, encoding="utf-8")
        answer, errors = Path(said) / "answer", Path(said) / "errors"
        with answer.open("wb") as out, errors.open("wb") as err:
            try:
                done = subprocess.run(  # noqa: S603  The shell is given a text of ours; the arguments are ours, too.
                    ["/bin/sh", "-c", _BOUNDED, "sh", *command], cwd=folder, env={**os.environ, **_SAME_WORDS},
                    stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=_PATIENCE, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise NotCompared(f"not compared: {name} took longer than {_PATIENCE:.0f} s") from None
        if answer.stat().st_size >= _OUTPUT:
            raise NotCompared(f"not compared: {name} finds more than {_OUTPUT // 2**20} MiB of differences")
        lines = errors.read_bytes().decode("utf-8", "replace").strip().splitlines() or ["no answer that can be read"]
        return Done(code=done.returncode, answer=answer.read_bytes(), first=lines[0][:150], last=lines[-1][:150])
