"""What can be chosen on the command line, and the defaults of each bench."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`releases`: how many at once; `rounds`: how often each figure is measured; `seconds`: how long the idle one is watched."""

    releases: int
    rounds: int
    seconds: float
