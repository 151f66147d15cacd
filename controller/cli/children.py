"""Programs that run as long as a command does: started, waited for, and ended whatever happens.

Each is a session of its own, so that Ctrl-C reaches this process alone, which ends them in order. What they are does not
belong here.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from controller.cli.answers import Exit, Problem

Answer = TypeVar("Answer")
_EVERY = 0.1
_LAST_LINES = 15


class Child:
    """One program, with its output in a file."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name, self.log, self._process = name, log, process

    @property
    def ended(self) -> bool:
        """Whether it runs no longer."""
        return self._process.poll() is not None

    def last_words(self) -> str:
        """The end of its output."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-_LAST_LINES:]) or "  (it has said nothing)"

    def death(self) -> Problem:
        """What to tell when it has ended by itself."""
        code = self._process.returncode
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"has ended with exit code {code}"
        return Problem(f"The {self.name} {how}, so the playground ends. Its last lines:\n{self.last_words()}")

    def end(self, patience: float) -> None:
        """Ask it to end, and make it if it does not within so many seconds."""
        if not self.ended:
            self._process.terminate()  # Not SIGINT: whoever was started in the background of a script ignores that.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        # What it has started is in its session; a program that was ended by force could not end them itself.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Children:
    """All programs of one command; at the end of the `with` block none of them runs, the last started ended first."""

    def __init__(self, folder: Path, patience: float = 20) -> None:
        """Output goes to files in `folder`. `patience`: seconds that each has to end by itself."""
        self._folder, self._patience = folder, patience
        self._started: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # A second Ctrl-C must not leave half of them behind; each has a limit of time.
        kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            for child in reversed(self._started):
                child.end(self._patience)
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Child:
        """Start a program in this working directory. `name` is what it is called in messages."""
        log = self._folder / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  The commands are ours.
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._started.append(child)
        return child

    def wait(self, question: Callable[[], Answer | None], seconds: float, what: str) -> Answer:
        """Ask until the answer is true-ish, and return it. Raises Problem when a program ends meanwhile, or in vain."""
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            self.look()
            if time.monotonic() > deadline:
                words = "\n".join(f"The {child.name} said last:\n{child.last_words()}" for child in self._started)
                message = f"{what} was not there within {seconds:g} s. Is the machine busy? Try again.\n{words}"
                raise Problem(message, Exit.TIMEOUT)
            time.sleep(_EVERY)
        return answer

    def look(self) -> None:
        """Raises Problem when one of them has ended by itself."""
        for child in self._started:
            if child.ended:
                raise child.death()
