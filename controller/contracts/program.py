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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one program may take: seconds, and bytes of memory and of each file that it writes, its answer among them."""

    seconds: float = 60.0
    memory: int = 2 * 2**30
    output: int = 64 * 2**20


AT_A_TERMINAL = Bounds()
"""Where a person waits, and nothing else is held up."""
_SAME_WORDS = {"PYTHONHASHSEED": "0"}
"""A finding is accepted by its words, and a library prints sets."""
_READ = 2**20
"""Bytes of what a program complains of."""
# As the shell counts: memory in KiB, files in blocks of 512. A system that knows no such limit goes without. Memory is what can
# be written to: programs in Go reserve far more addresses than they ever use.
_BOUNDED = 'ulimit -d "$0" 2>/dev/null; ulimit -f "$1" 2>/dev/null; shift; exec nice -n 10 "$@"'


class NotCompared(Exception):
    """Why two contracts could not be compared; nothing is to be tried again."""


class TooLong(NotCompared):
    """There is more to tell than there is room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a program ended, and what it said: its answer, and the first and the last line of its errors."""

    code: int
    answer: bytes
    first: str
    last: str


def find(name: str, remedy: str) -> str:
    """A program on the PATH or beside our interpreter. Raises NotCompared, with the remedy."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name) or shutil.which(name, path=beside)
    if found is None:
        raise NotCompared(f"not compared, as {name} is not on the PATH; {remedy}")
    return found


def run(name: str, command: Sequence[str], files: Mapping[str, str], bounds: Bounds = AT_A_TERMINAL) -> Done:
    """Run a command in a folder that has these files and nothing else. Raises NotCompared when it takes too long,
    TooLong when it says too much.
    """
    limits = [str(bounds.memory // 2**10), str(bounds.output // 512)]
    # A program in Go clears up before it comes to the limit, which it nears in steps of 64 MiB.
    environment = {**os.environ, **_SAME_WORDS, "GOMEMLIMIT": f"{bounds.memory // 2}"}
    with tempfile.TemporaryDirectory(prefix="contracts-") as folder, tempfile.TemporaryDirectory(prefix="contracts-") as said:
        for file, text in files.items():
            (Path(folder) / file).parent.mkdir(exist_ok=True)
            (Path(folder) / file).write_text(text, encoding="utf-8")
        answer, errors = Path(said) / "answer", Path(said) / "errors"
        with answer.open("wb") as out, errors.open("wb") as err:
            try:
                done = subprocess.run(  # noqa: S603  The shell is given a text of ours; the arguments are ours, too.
                    ["/bin/sh", "-c", _BOUNDED, *limits, *command], cwd=folder, env=environment,
                    stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=bounds.seconds, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise NotCompared(f"not compared: {name} took longer than {bounds.seconds:g} s") from None
        if answer.stat().st_size >= bounds.output:
            raise TooLong(f"not compared: {name} finds more than {bounds.output // 2**20} MiB of differences")
        lines = errors.read_bytes()[:_READ].decode("utf-8", "replace").strip().splitlines() or ["no answer that can be read"]
        return Done(code=done.returncode, answer=answer.read_bytes(), first=lines[0][:150], last=lines[-1][:150])
