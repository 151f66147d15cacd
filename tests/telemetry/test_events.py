"""Events: each happening is one object, counted when it happens again."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from controller.kube.errors import Unavailable
from controller.telemetry.events import Recorder
from strategies.spec.flag import FlagKind, FlagPlace
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Answer, Status
from strategies.world import effects

RELEASE = {"metadata": {"name": "shop", "namespace": "prod", "uid": "u"}}
ERROR = "PATCH /apis/…: 503 Unavailable: later"


class Written:
    """What a recorder has written, with a clock that the test moves."""

    def __init__(self, failures: int = 0) -> None:
        self.events: list[dict[str, Any]] = []
        self.counts: list[tuple[str, int, str]] = []
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self._failures = failures
        self.recorder = Recorder(self._create, self._recount, "pod-1", lambda: self.now)
        self.recorder.start()

    def _create(self, event: dict[str, Any]) -> None:
        if self._failures:
            self._failures -= 1
            raise Unavailable(503, "ServiceUnavailable", "later")
        self.events.append(event)

    def _recount(self, event: dict[str, Any]) -> None:
        series = event["series"]
        self.counts.append((event["metadata"]["name"], series["count"], series["lastObservedTime"]))

    def fail(self, times: int = 1, *, every: float = 1.0, effect: str = "SetWeight") -> None:
        """An effect fails so many times, so many seconds apart."""
        for _ in range(times):
            self.now += timedelta(seconds=every)
            self.recorder.failed(RELEASE, effect, ERROR)

    def end(self) -> "Written":
        """All is written."""
        self.recorder.stop(10)
        return self


def test_what_happens_a_hundred_times_is_one_event_and_a_few_counts() -> None:
    """The count is written when it has doubled: `kubectl describe` shows x64, and the API is spared."""
    written = Written()
    written.fail(100, every=0.1)
    (event,) = written.end().events
    assert [count for _, count, _ in written.counts] == [2, 4, 8, 16, 32, 64]
    assert {name for name, _, _ in written.counts} == {event["metadata"]["name"]}
    assert written.counts[0][2] == "2026-01-01T00:00:00.200000Z"
    assert (event["type"], event["reason"], event["regarding"]["name"]) == ("Warning", "EffectFailing", "shop")


def test_a_slow_series_is_counted_exactly() -> None:
    """Once a minute is no burden."""
    written = Written()
    written.fail(5, every=61)
    assert [count for _, count, _ in written.end().counts] == [2, 3, 4, 5]
    assert len(written.events) == 1


def test_after_five_minutes_of_silence_it_is_news_again() -> None:
    """Another Event with another name; other happenings are never counted together."""
    written = Written()
    written.fail()
    written.fail(effect="Pin")
    written.fail(every=302)
    assert len({e["metadata"]["name"] for e in written.end().events}) == 3
    assert written.counts == []


def test_an_event_that_the_api_cannot_take_now_is_tried_again() -> None:
    """Twice 503, then it is there."""
    written = Written(failures=2)
    written.fail()
    assert len(written.end().events) == 1


def test_a_writer_that_hangs_holds_nobody_up() -> None:
    """Turns go on; what does not fit into the line is dropped."""
    hung = threading.Event()
    recorder = Recorder(lambda _: hung.wait(30), lambda _: None, "pod-1")
    recorder.start()
    for number in range(1100):
        recorder.failed(RELEASE, f"Effect{number}", ERROR)
    hung.set()
    recorder.stop(10)


@pytest.mark.parametrize(("old", "new", "reasons"), [
    (Phase.HEALTHY, Phase.BLOCKED, ["HoldNotActive"]), (Phase.BLOCKED, Phase.BLOCKED, []),
    (Phase.WAITING, Phase.PROGRESSING, []), (Phase.BAKING, Phase.COMPLETING, ["HoldNotActive"]),
    (Phase.COMPLETING, Phase.HEALTHY, []), (Phase.BLOCKED, Phase.HEALTHY, ["HoldNotActive"]),
])  # fmt: skip
def test_turning_points_are_told_and_nothing_else(old: Phase, new: Phase, reasons: list[str]) -> None:
    """A phase that a person should know of, once, and no way back from a wait."""
    written = Written()
    after = Status(phase=new, reason=Reason.HOLD_NOT_ACTIVE, message="why")
    written.recorder.transition(RELEASE, Status(phase=old), after)
    assert [e["reason"] for e in written.end().events] == reasons


def test_steps_that_were_changed_are_told_once_for_each_change() -> None:
    """The phase may stay what it was."""
    written = Written()
    told = [Status(phase=Phase.PAUSED, reason=Reason.STEPS_CHANGED, message=m) for m in ("to 5%", "to 5%", "to 9%")]
    for old, new in pairwise([Status(phase=Phase.PAUSED), *told]):
        written.recorder.transition(RELEASE, old, new)
    assert [(e["reason"], e["note"]) for e in written.end().events] == [("StepsChanged", "to 5%"), ("StepsChanged", "to 9%")]


def test_a_train_that_is_gone_is_told_though_the_change_stays_blocked() -> None:
    """Once; whoever deleted it may have meant to let it go."""
    written = Written()
    blocked = [Status(phase=Phase.BLOCKED, reason=r) for r in (Reason.IN_TRAIN, Reason.TRAIN_GONE, Reason.TRAIN_GONE)]
    for old, new in pairwise(blocked):
        written.recorder.transition(RELEASE, old, new)
    assert [(e["type"], e["reason"]) for e in written.end().events] == [("Warning", "TrainGone")]


def test_a_refused_request_is_told_and_one_that_was_done_is_not() -> None:
    """What was done shows in the phase."""
    written = Written()
    answers = tuple(Answer(id=m, key="abort", at=written.now, done=m == "done", message=m) for m in ("done", "refused"))
    written.recorder.transition(RELEASE, Status(), Status(requests=answers))
    assert [(e["reason"], e["note"]) for e in written.end().events] == [("RequestRefused", "refused")]


FLAG = FlagPlace(kind=FlagKind.CONFIG_MAP, object="flags", key="flags.json", flag="new-checkout")


@pytest.mark.parametrize(
    ("effect", "named", "reason"),
    [
        (effects.Pin(service="shop", old=None, new="a"), "Service shop", "PinLost"),
        (effects.SetWeight(weight=5), "route", "WeightsUndone"),
        (effects.FlagOn(place=FLAG, old="off", new="on"), "flag new-checkout of ConfigMap flags", "FlagUndone"),
    ],
)
def test_what_somebody_else_has_undone_is_an_alarm(effect: effects.Effect, named: str, reason: str) -> None:
    """A lost pin names its Service, a flag its object."""
    written = Written()
    written.recorder.undone(RELEASE, effect)
    (event,) = written.end().events
    assert (event["type"], event["reason"], named in event["note"]) == ("Warning", reason, True)


def test_the_red_flags_of_a_review_are_told_with_the_start_of_the_release() -> None:
    """With the first of them in full, and as a warning; a start without any is none."""
    from strategies.spec.status import Kind, Revision, Step, Trial
    from tests.review.subjects import review

    def status(made: Any) -> Status:
        step = Step(index=0, of=2, name="Preview", weight=0, entered=datetime(2026, 1, 1, tzinfo=UTC))
        candidate = Revision(hash="1-a", replica_set="shop-1-a", digest="d", generation=2)
        trial = Trial(attempt=1, kind=Kind.RELEASE, candidate=candidate, step=step, started=step.entered)
        return Status(phase=Phase.PROGRESSING, reason=Reason.STARTED, message="It has begun.", trial=trial, review=made)

    written = Written()
    written.recorder.transition(RELEASE, Status(), status(review(gates=[])))
    written.recorder.transition(RELEASE, status(review(gates=[])), status(review(gates=[])))
    written.recorder.transition(RELEASE, Status(), status(review()))
    assert [(e["type"], e["reason"], e["note"]) for e in written.end().events] == [
        ("Warning", "Started", "It has begun. Risk Medium, red flags: NoMonitoring. spec.gates is empty: errors that leave the "
         "pods ready would not be noticed. Add a gate on the service's errors, or name an alert in spec.rollback.onAlerts."),
        ("Normal", "Started", "It has begun."),
    ]  # fmt: skip
