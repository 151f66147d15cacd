"""What one process remembers of a Release between turns. All of it may be lost at any time: nothing is decided by it alone.

What must survive belongs into the status.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from controller.clock import Clock
from controller.reconcile.requests import Presence
from strategies.analysis.counts import Window
from strategies.analysis.feasibility import Traffic
from strategies.analysis.pods import PodHealth
from strategies.analysis.verdict import Sample, Unknown
from strategies.spec.flag import FlagPlace
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Status
from strategies.world.effects import Effect, FlagSwitch, Pin, SetWeight
from strategies.world.observation import Differing, FlagSeen, Kept, Told

LONGEST_PATIENCE = 30.0
Asking = tuple[int, str]
"""An attempt, and the digest of what a gate asks in it."""
Filled = tuple[ReleaseSpec, Mapping[str, str]]
"""A spec whose templates are filled, and by gate why one could not be."""
Read = tuple[Mapping[str, Any] | None, FlagSeen | Unknown]
"""An object that holds a flag, as the view had it, and the flag."""
MOST_WINDOWS = 150
"""So many of a gate are kept at most: those that the status does not have yet are far fewer, and older ones can be read again."""


@dataclass(slots=True)
class Failing:
    """An effect that failed: how often in a row, with what error, and not before when it is tried again."""

    error: str
    count: int
    not_before: float


@dataclass(slots=True)
class Call:
    """A question: how often it was put in vain, and when it may be put again (None: it is under way, or its answer is final)."""

    failures: int = 0
    again: datetime | None = None


@dataclass(slots=True)
class Written:
    """What we last wrote where others write too, how many times in a row the very same, and not before when again."""

    value: object
    times: int
    not_before: float


@dataclass(slots=True)
class Memory:
    """Soft state of one Release. `counted_to` is by gate the last window of an answer, `alone` has the gates that ask for their
    own pods only, because what all ask for is too much, `traffic` is stable's by gate, and `foreseeing` that it was asked for,
    `questions` what each asks, `logs` by uid what Jobs that ended wrote
    last; `filled` is the spec with its templates filled, for these versions of them; `flags` has what was read of each object
    that holds one; `hold` is what was found of the hold and when (monotonic seconds), `held` whether the Deployment was held
    when it was seen last, `pods_due` when pods that are not ready are looked at next; `gateways` is the resourceVersion of the
    route whose gateways are known to do, with their features, `route_seen` its weight and mirror, and since when;
    `spec` the parsed spec, or what is wrong with it, of a generation, `status` the
    committed status of a Release as it was read, and whether it could be, `tries` how often what was tried since the last
    commit, `quiet` until when what was carried out since is not carried out again, `written` our writes of traffic by place,
    `shown` whether the metrics have it, `hurry` that gates are to be asked now, `began` what both clocks said when
    this process first looked at it, or first again after a rest.
    """

    uid: str
    samples: dict[str, tuple[Sample | Unknown, ...]] = field(default_factory=dict)
    windows: dict[str, tuple[Window | Unknown, ...]] = field(default_factory=dict)
    asked: dict[str, datetime] = field(default_factory=dict)
    questions: Mapping[str, str] = field(default_factory=dict)
    counted_to: dict[str, str] = field(default_factory=dict)
    alone: set[str] = field(default_factory=set)
    logs: dict[str, str] = field(default_factory=dict)
    told: dict[str, Told | Differing | Unknown] = field(default_factory=dict)
    traffic: dict[str, Traffic | Unknown] = field(default_factory=dict)
    foreseeing: bool = False
    calls: dict[str, Call] = field(default_factory=dict)
    failing: dict[str, Failing] = field(default_factory=dict)
    hold: bool | Unknown | None = None
    hold_at: float = 0.0
    held: bool | None = None
    kept: tuple[Kept, ...] | None = None
    autoscaled: bool | None = None
    gateways: tuple[str, frozenset[str]] | None = None
    route_seen: tuple[tuple[int, int], datetime] | None = None
    serving_seen: tuple[str, datetime] | None = None
    pins_seen: tuple[Mapping[str, str | None], datetime] | None = None
    pods: tuple[PodHealth, ...] | Unknown = ()
    pods_at: float = 0.0
    pods_due: float | None = None
    published_at: float = 0.0
    publish_in: float = 0.0
    scope: bool = False
    busy: bool = False
    attempt: int = 0
    spec: tuple[int, ReleaseSpec | None, str | None] | None = None
    filled: tuple[object, Filled] | None = None
    flags: dict[FlagPlace, Read] = field(default_factory=dict)
    status: tuple[Mapping[str, Any], Status, bool] | None = None
    shown: bool = False
    hurry: bool = False
    presence: Presence = field(default_factory=Presence)
    tries: Counter[object] = field(default_factory=Counter)
    quiet: dict[tuple[Effect, ...], float] = field(default_factory=dict)
    written: dict[str, Written] = field(default_factory=dict)
    began: tuple[datetime, float] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self, clock: Clock) -> datetime:
        """The time by which steps and deadlines are measured: the wall clock as it was at `began`, and what has gone by since.

        A wall clock that is set in mid-release would cut a step short, or let a deadline pass.
        """
        if self.began is None:
            self.began = clock.wall(), clock.steady()
        wall, steady = self.began
        return wall + timedelta(seconds=clock.steady() - steady)

    def asking_at(self, clock: Clock) -> datetime:
        """The moment to ask gates' sources about: by the wall clock, as their data are dated, but never before our own time.

        A machine that slept without counting must not be told what was so before; one whose clock was set back has no later data.
        """
        return max(self.now(clock), clock.wall())

    def rest(self) -> None:
        """Nothing is due soon: what can be read again from the view takes no room meanwhile, half of all that an idle one has.

        And nothing is measured: the wall clock is read anew.
        """
        self.spec = self.status = self.began = self.filled = None
        self.flags = {}

    def attend(self, attempt: int, questions: Mapping[str, str] | None = None) -> None:
        """What was answered, or seen of pods, in another trial is none of this one's evidence, nor what was answered to another
        question; `questions` are what the gates ask, by name.
        """
        with self.lock:
            questions = questions or {}
            for name in (n for n, question in self.questions.items() if questions.get(n, question) != question):
                # By its key an answer does not show to which question it is; those that are final stand in the status.
                self.told, self.calls = {}, {}
                for known in (self.samples, self.windows, self.asked, self.counted_to):
                    known.pop(name, None)
                self.alone.discard(name)
            self.questions = {**self.questions, **questions}
            if attempt != self.attempt:
                self.attempt, self.samples, self.asked, self.written = attempt, {}, {}, {}
                self.windows, self.counted_to, self.alone, self.logs = {}, {}, set(), {}
                self.told, self.calls, self.traffic, self.foreseeing = {}, {}, {}, False
                self.pods, self.pods_at, self.autoscaled = (), 0.0, None

    def asking(self, gate: str) -> Asking:
        """What an answer must be to, to count."""
        return self.attempt, self.questions.get(gate, "")

    def answered(self, asking: Asking, gate: str, answer: Sample | Unknown) -> None:
        """A gate's answer arrived; called from the threads that ask. The newest are kept until the status has them."""
        with self.lock:
            if asking != self.asking(gate):
                return
            before = tuple(s for s in self.samples.get(gate, ()) if isinstance(s, Sample))
            self.samples[gate] = (*before, answer)[-20:]

    def heard(self, asking: Asking, gate: str, key: str, answer: Told | Differing | Unknown, again: datetime | None) -> None:
        """A webhook has answered, contracts were compared, or not; called from the threads that ask."""
        with self.lock:
            if asking != self.asking(gate):
                return
            failures = self.calls[key].failures + 1 if isinstance(answer, Unknown) and key in self.calls else 0
            self.told[key], self.calls[key] = answer, Call(failures=failures, again=again)

    def answers(self) -> dict[str, tuple[Sample | Unknown, ...]]:
        """The answers so far."""
        with self.lock:
            return dict(self.samples)

    def foresaw(self, asking: Asking, gate: str, traffic: Traffic | Unknown) -> None:
        """Stable's requests before users met the candidate, as this gate counts them; called from the threads that ask."""
        with self.lock:
            if asking == self.asking(gate):
                self.traffic = {**self.traffic, gate: traffic}

    def counted(self, asking: Asking, gate: str, found: Sequence[tuple[str, Window | Unknown]]) -> None:
        """Windows arrived, each with its key, oldest first, or one problem with the key ""; called from the threads that ask.

        Of problems only that of the newest window is kept.
        """
        with self.lock:
            if asking != self.asking(gate):
                return
            before = [w for w in self.windows.get(gate, ()) if isinstance(w, Window)]
            newest = before[-1].key if before else ""
            after = [w for _, w in found if isinstance(w, Window) and w.key > newest]
            problem = [found[-1][1]] if found and isinstance(found[-1][1], Unknown) else []
            self.windows[gate] = (*[*before, *after][-MOST_WINDOWS:], *problem)
            if found and found[-1][0]:
                self.counted_to[gate] = max(found[-1][0], self.counted_to.get(gate, ""))

    def counts(self) -> dict[str, tuple[Window | Unknown, ...]]:
        """The windows so far, and what is known of the newest instead."""
        with self.lock:
            return dict(self.windows)

    def tried(self, what: object) -> int:
        """Note that this was tried: a commit or an effect that lost a race, or effects that were carried out; returns how many
        times before since the last commit.

        More than none: a view that lags shows an older world, or somebody undoes what we do.
        """
        self.tries[what] += 1
        return self.tries[what] - 1

    def early(self, effects: tuple[Effect, ...], now: float) -> float:
        """Seconds until these may be carried out again, whatever wakes the Release meanwhile: what we make is deleted as fast
        where a view that stands still hides that its owner is gone. Traffic that somebody else moves is put back at once.
        """
        return 0.0 if any(map(_placed, effects)) else max(0.0, self.quiet.get(effects, now) - now)

    def failed(self, kind: str, error: str, now: float, at_least: float) -> float:
        """Note that an effect failed; returns in how many seconds it may be tried again."""
        count = self.failing[kind].count + 1 if kind in self.failing else 1
        wait = max(at_least, min(LONGEST_PATIENCE, 0.25 * 2.0 ** min(count, 10)))
        self.failing[kind] = Failing(error=error, count=count, not_before=now + wait)
        return wait

    def wrote(self, effect: Effect, now: float) -> bool:
        """Note a write; says whether it is the same as the last one in its place: then somebody else has undone that.

        A weight or a flag that is undone again and again is put back ever less often, so that two tools never write in a loop;
        meanwhile users are on the pinned Service. A lost pin does harm, and is put back at once each time.
        """
        if (placed := _placed(effect)) is None:
            return False
        place, value = placed
        known = self.written.get(place)
        times = known.times + 1 if known is not None and known.value == value else 1
        wait = min(LONGEST_PATIENCE, 2.0 ** (times - 1)) if times > 1 and not isinstance(effect, Pin) else 0.0
        self.written[place] = Written(value=value, times=times, not_before=now + wait)
        return times > 1

    def contested(self, effect: Effect, now: float) -> None:
        """Somebody else keeps on undoing this very write: it counts as failing until it may be done again."""
        placed = _placed(effect)
        known = self.written.get(placed[0]) if placed else None
        if placed and known is not None and known.value == placed[1] and known.not_before > now:
            what = "the route's weights and mirrors" if isinstance(effect, SetWeight) else "the flag's defaultVariant"
            error = (f"somebody else has undone it {known.times} times; take {what} out of what your tools apply during a "
                     "release")  # fmt: skip
            self.failing[effect.kind()] = Failing(error=error, count=known.times, not_before=known.not_before)


def _placed(effect: Effect) -> tuple[str, object] | None:
    """Where an effect writes beside others, and what; None for all others."""
    if isinstance(effect, SetWeight):
        # A backend enters once in a trial: again only if somebody has put the route back. Its share is another write than that.
        return ("backend" if effect.enters else "route"), (effect.weight, effect.mirror)
    if isinstance(effect, FlagSwitch):
        return str(effect.place), effect.new
    return (f"service {effect.service}", effect.new) if isinstance(effect, Pin) else None
