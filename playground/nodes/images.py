"""How a container image behaves, read from the words in its tag: `kubectl set image` is enough to ship a bad version.

Any image at all runs; without a word it behaves well. The words and the environment variables are those of
tests/controlplane/app.py, so the same manifests behave alike here and on the real control plane.

    tag = version *("-" behaviour)        such as 2, 2.1-errors20, 3-slow300-startup2

    behaviour         without a number   environment    what happens
    errors<percent>   20                 ERROR_RATE     that share of answers is 500 (the variable: 0 to 1)
    slow<ms>          500                LATENCY        every answer takes so much longer (the variable: seconds)
    startup<seconds>  10                 START_UP       so long until it says that it is ready; 0.2 s without the word
    crash<seconds>    at once            CRASH_AFTER    it exits with 1 after so long, each time it is started
    done<seconds>     at once            DONE_AFTER     it exits with 0 after so long, as what runs in a Job does
    neverready                           NEVER_READY    it runs and answers, but never says that it is ready
    nopull                                              the image cannot be pulled

Other parts of a tag belong to the version (`2.0.0-rc.1`), as does the first, whatever it is. VERSION overrides the
version, LINGER (seconds, 0.5) is how long it goes on answering after it was asked to stop. Variables go before words, and
only those that the manifest gives literally count. Nothing but the meaning of images belongs here.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_WORDS: Mapping[str, tuple[str, float, float]] = {
    "errors": ("ERROR_RATE", 0.01, 20), "slow": ("LATENCY", 0.001, 500), "startup": ("START_UP", 1, 10),
    "crash": ("CRASH_AFTER", 1, 0), "done": ("DONE_AFTER", 1, 0),
    "neverready": ("NEVER_READY", 1, 1), "nopull": ("nopull", 1, 1),
}  # fmt: skip
"""Word → the setting's name, its unit, and the number that stands for none."""
_WORD = re.compile(r"([a-z]+)([0-9]*\.?[0-9]*)")
_READY_AFTER, _LINGERS = 0.2, 0.5
_SOONEST_END = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a container with this image does. Times in seconds.

    `ready_after` and `ends_after` count from the start of its process, each time; None: never. `exit_code` is that of its end,
    `latency` comes on top of what any answer takes, `error_rate` is the share (0 to 1) of answers that are 500.
    """

    version: str
    pullable: bool = True
    starts_within: float = 0.3
    ready_after: float | None = _READY_AFTER
    ends_after: float | None = None
    exit_code: int = 1
    error_rate: float = 0.0
    latency: float = 0.0
    lingers: float = _LINGERS


def behaviour_of(image: str, environment: Mapping[str, str]) -> Behaviour:
    """The behaviour of an image under these variables. A variable that is no number is passed over."""
    version, settings = _read_tag(image)
    settings = {**settings, **_read_environment(environment)}
    ready_after = None if settings.get("NEVER_READY") else settings.get("START_UP", _READY_AFTER)
    crash, done = settings.get("CRASH_AFTER"), settings.get("DONE_AFTER")
    end = done if crash is None else crash
    return Behaviour(
        version=environment.get("VERSION") or version,
        pullable="nopull" not in settings,
        ready_after=ready_after,
        ends_after=None if end is None else max(end, _SOONEST_END),
        exit_code=0 if crash is None and done is not None else 1,
        error_rate=min(settings.get("ERROR_RATE", 0.0), 1.0),
        latency=settings.get("LATENCY", 0.0),
        lingers=settings.get("LINGER", _LINGERS),
    )


@lru_cache(maxsize=4096)
def _read_tag(image: str) -> tuple[str, Mapping[str, float]]:
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2] or "latest"
    version: list[str] = []
    settings: dict[str, float] = {}
    for part in tag.split("-"):
        word = _WORD.fullmatch(part)
        if word and word[1] in _WORDS and version:
            name, unit, usual = _WORDS[word[1]]
            settings[name] = _number(word[2], usual) * unit
        else:
            version.append(part)
    return "-".join(version), settings


def _read_environment(environment: Mapping[str, str]) -> Mapping[str, float]:
    known = {name for name, _, _ in _WORDS.values()} - {"nopull"} | {"LINGER"}
    read = {name: _number(environment[name], -1) for name in sorted(known & set(environment))}
    return {name: value for name, value in read.items() if 0 <= value < math.inf}


def _number(text: str, otherwise: float) -> float:
    try:
        return float(text)
    except ValueError:
        return otherwise
