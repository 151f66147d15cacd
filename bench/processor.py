"""Processor time by program: what a release costs everybody on this machine, not only the controller.

On a machine that others use as well it says more than durations do.
"""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM = 1, 11, 12  # Fields of /proc/PID/stat behind the name; proc(5) counts from 1, with 2 before them.


def seconds() -> dict[str, float]:
    """Seconds of processor time so far, of this process and each that it has started, by program."""
    found: dict[str, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, argv = (folder / "stat").read_text(), (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue  # It has ended meanwhile.
        fields = stat.rpartition(")")[2].split()
        if os.getpid() in (int(folder.name), int(fields[_PARENT])):
            name = argv[argv.index("-m") + 1] if "-m" in argv else Path(argv[0]).name
            found[name] = found.get(name, 0.0) + (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS
    return found
