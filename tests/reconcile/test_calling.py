"""Which web servers may be asked, and when one is asked again."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from controller.clock import Clock
from controller.kube.errors import ApiError, NotFound
from controller.metrics.pool import Queries
from controller.reconcile.calling import Caller
from controller.reconcile.cluster import Cluster
from controller.reconcile.credentials import Secrets
from controller.reconcile.memory import Memory
from strategies.analysis.verdict import Unknown, Verdict
from strategies.spec.status import Evidence, Status
from strategies.spec.webhook import Allowed, Webhook
from strategies.world.observation import Told
from tests.rollout.stories import CANARY, at_step
from tests.rollout.world import healthy, make_spec

URL = "https://qa.example.com/gate"
HOOK = Webhook(url=URL, interval=timedelta(seconds=10))
ALLOWED = Allowed(url="https://qa.example.com", secret_name="qa", namespaces=("shop", "team-*"))
SECRET = {"data": {"key": base64.b64encode(b"k3y").decode()}}
KEY = ("shop", "checkout")


@dataclass
class Double:
    """The API's Secret, a clock, and questions that are answered when the test says so."""

    secret: dict[str, Any] | ApiError = field(default_factory=lambda: SECRET)
    now: float = 1_700_000_000.0
    ahead: float = 0.0
    asked: list[tuple[str, str, Callable[[Told | Unknown], None]]] = field(default_factory=list)
    woken: int = 0

    def __post_init__(self) -> None:
        self.clock = Clock(wall=lambda: datetime.fromtimestamp(self.now + self.ahead, UTC), steady=lambda: self.now)
        self.client = self
        self.memory = Memory(uid="release-1")
        secrets = Secrets(cast("Cluster", self), "rc")
        self.caller = Caller(cast("Cluster", self), cast("Queries", self), secrets, self.wake, (ALLOWED,))
        world = healthy(make_spec(**CANARY))
        world.apply("v2")
        self.status: Status = world.run(at_step(1)).status

    def get(self, path: str) -> dict[str, Any]:
        """The Secret."""
        assert path == "/api/v1/namespaces/rc/secrets/qa", "a Secret of another name or namespace"
        if isinstance(self.secret, ApiError):
            raise self.secret
        return self.secret

    def call(
        self, lane: str, _hook: object, text: str, _at: datetime, heard: Callable[[Told | Unknown], None], _tenant: str
    ) -> None:
        """As the pool of questions."""
        self.asked.append((lane, text, heard))

    def wake(self, _key: tuple[str, str]) -> None:
        """Somebody has answered."""
        self.woken += 1

    def ask(self) -> int:
        """One turn; how many questions have gone out so far."""
        self.caller.ask(KEY, "qa", HOOK, self.status, self.memory)
        return len(self.asked)

    def answer(self, answer: Told | Unknown) -> None:
        """To the newest question."""
        self.asked[-1][2](answer)

    def told(self, verdict: Verdict) -> Told:
        """An answer."""
        return Told(verdict=verdict, message="", at=self.clock.wall())


NOTHING = Unknown(reason="Timeout", message="no answer")


@pytest.mark.parametrize(
    ("url", "namespace", "words"),
    [
        ("https://evil.example.com/gate", "shop", "https://evil.example.com:443 is not among the web servers"),
        ("http://qa.example.com/gate", "shop", "http://qa.example.com:80 is not among"),
        ("https://qa.example.com:8443/gate", "shop", "is not among"),
        ("https://qa.example.com.evil.com/", "shop", "is not among"),
        (URL, "pay", "may not be asked by Releases of namespace pay"),
    ],
)
def test_a_server_that_is_not_allowed_is_told_with_the_remedy(url: str, namespace: str, words: str) -> None:
    """Scheme, host and port must be named by an administrator, for this namespace."""
    found = Double().caller.problem(Webhook(url=url), namespace)
    assert found is not None
    assert words in found
    assert "chart's value webhooks" in found


def test_an_allowed_one_needs_its_key() -> None:
    """Without the Secret nothing is sent unsigned."""
    world = Double(secret=NotFound(404, "NotFound", "no"))
    said = world.caller.problem(HOOK, "shop")
    assert said is not None
    assert "Secret qa in namespace rc" in said
    assert world.ask() == 0
    assert "cannot be used" in cast("Unknown", next(iter(world.memory.told.values()))).message
    assert Double().caller.problem(HOOK, "team-a") is None


def test_a_question_is_put_once_at_a_time_and_a_final_answer_ends_it() -> None:
    """However many turns there are meanwhile."""
    world = Double()
    assert [world.ask() for _ in range(3)] == [1, 1, 1]
    assert world.asked[0][0] == "webhook https/qa.example.com/443"
    assert json.loads(world.asked[0][1])["gate"] == "qa"
    world.answer(world.told(Verdict.PASS))
    world.now += 3600
    assert (world.ask(), world.woken) == (1, 1)


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_wait_is_asked_again_after_the_interval_whatever_the_wall_clock_is_set_to(ahead: float) -> None:
    """A clock that was off when the answer came and is set right silences nobody; nor does one that goes off make anybody ask."""
    world = Double()
    world.ask()
    world.ahead = ahead
    world.answer(world.told(Verdict.INCONCLUSIVE))
    (due,) = world.caller.ask(KEY, "qa", HOOK, world.status, world.memory)
    assert due - world.memory.asking_at(world.clock) == HOOK.interval
    world.ahead = 0.0
    world.now += 9
    assert world.ask() == 1
    world.now += 1
    assert world.ask() == 2


def test_wait_is_asked_again_after_the_interval() -> None:
    """And not before."""
    world = Double()
    world.ask()
    world.answer(world.told(Verdict.INCONCLUSIVE))
    world.now += 9.9
    assert world.ask() == 1
    world.now += 0.2
    assert world.ask() == 2


def test_in_a_hurry_one_that_waits_is_asked_now_and_one_that_does_not_answer_is_left_alone() -> None:
    """An alert has come; a server that is down is not hit harder for it."""
    world = Double()
    world.ask()
    world.caller.ask(KEY, "qa", HOOK, world.status, world.memory, hurry=True)
    assert len(world.asked) == 1  # It is under way.
    world.answer(world.told(Verdict.INCONCLUSIVE))
    world.caller.ask(KEY, "qa", HOOK, world.status, world.memory, hurry=True)
    assert len(world.asked) == 2
    world.answer(NOTHING)
    world.caller.ask(KEY, "qa", HOOK, world.status, world.memory, hurry=True)
    assert len(world.asked) == 2


def test_no_answer_is_asked_again_ever_later() -> None:
    """2, 4, 8, … seconds, a minute at most; a `wait` in between begins anew."""
    world = Double()
    pauses = []
    for _ in range(8):
        assert world.ask() == len(pauses) + 1
        world.answer(NOTHING)
        begun = world.now
        while world.ask() == len(pauses) + 1:
            world.now += 0.5
        pauses.append(world.now - begun)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]


def test_nothing_is_asked_while_paused_or_when_the_status_has_the_answer() -> None:
    """Of another process, for example."""
    world = Double()
    plain = world.status
    world.status = plain.model_copy(update={"paused": True})
    assert world.ask() == 0
    assert plain.trial is not None
    gates = (Evidence(name="qa", verdict=Verdict.PASS),)
    world.status = plain.model_copy(update={"trial": plain.trial.model_copy(update={"gates": gates})})
    assert world.ask() == 0
    world.status = plain
    assert world.ask() == 1


def test_an_edit_of_the_gate_asks_anew_and_what_was_asked_before_is_not_heard() -> None:
    """Whatever was answered, and although the key is the same."""
    world = Double()
    world.memory.attend(world.memory.attempt, {"qa": "one"})
    world.ask()
    world.answer(world.told(Verdict.PASS))
    assert world.ask() == 1
    world.memory.attend(world.memory.attempt, {"qa": "two"})
    assert world.memory.told == {}
    assert world.ask() == 2
    world.asked[0][2](world.told(Verdict.PASS))
    assert world.memory.told == {}
    world.answer(world.told(Verdict.FAIL))
    assert [told.verdict for told in world.memory.told.values() if isinstance(told, Told)] == [Verdict.FAIL]


def test_what_was_answered_in_another_trial_is_not_heard() -> None:
    """A slow server answers about a revision that is gone."""
    world = Double()
    world.ask()
    world.memory.attend(world.memory.attempt + 1)
    world.answer(world.told(Verdict.FAIL))
    assert world.memory.told == {}
