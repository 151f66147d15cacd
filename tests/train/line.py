"""A line with a train on it: members that do what Releases do, as far as a train sees it, and the train's turns among them.

What becomes of a member's trial is the test's to say; its answers to requests are those of strategies.rollout.requests in short.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Answer, Kind, Outcome, Past, Revision, Status, Step, Template, Trial
from strategies.spec.train import ReleaseTrainSpec
from strategies.spec.train_status import TrainStatus
from strategies.train.asking import Ask
from strategies.train.decide import Decision, decide
from strategies.train.hold import Ordering, held_back
from strategies.train.turn import Seen, Turn
from strategies.world.observation import Request, TemplateView, Workload

START = datetime(2026, 1, 1, tzinfo=UTC)


def spec(*members: dict[str, Any], **more: Any) -> ReleaseTrainSpec:
    """A train of these members, verified for ten seconds."""
    return ReleaseTrainSpec.model_validate({"members": members, "verify": {"duration": "10s", "deadline": "60s"}, **more})


def revision(version: str) -> Revision:
    """The revision of a version."""
    return Revision(
        hash=f"hash{version}", replica_set=f"rs-{version}", digest=f"digest of {version}", generation=1, version=version
    )


@dataclass
class Service:
    """A Release with its Deployment, at version 1."""

    name: str
    template: str = "1"
    generation: int = 1
    available: int = 4
    status: Status = field(default_factory=lambda: Status(phase=Phase.HEALTHY, reason=Reason.AT_REST, stable=revision("1")))
    there: bool = True
    queued: bool = False
    refuses: bool = False
    others: tuple[str, ...] = ()
    history: list[str] = field(default_factory=list)

    def change(self, **changes: Any) -> None:
        """A commit."""
        self.status = self.status.model_copy(update=changes)

    @property
    def version(self) -> str:
        """What users have."""
        assert self.status.stable is not None
        return str(self.status.stable.version)

    def ship(self, version: str) -> None:
        """The template is changed; the change is held."""
        self.template, self.generation = version, self.generation + 1

    @property
    def seen(self) -> Seen:
        """As the train sees it."""
        view = TemplateView(digest=f"digest of {self.template}", restartless="", version=self.template)
        workload = Workload(
            name=self.name, uid="u", generation=self.generation, observed_generation=self.generation, replicas=4, template=view,
            paused=True, strategy="{}", recreate=False, max_surge=1, max_unavailable=1, history_limit=10,
            held=self.template != self.version, driven=False, claimed_by=self.name, changed_by=None, updated=4, ready=4,
            available=self.available, pods=4, failure_shown=False,
        )  # fmt: skip
        return Seen(status=self.status, workload=workload, others=self.others) if self.there else Seen()

    def turn(self, train: TrainStatus) -> None:
        """At rest: begin what waits, unless it was rejected or the train says no."""
        status = self.status
        if status.trial is not None or self.template == self.version:
            return
        if self.seen.rejected is not None:
            self.change(phase=Phase.ROLLED_BACK, reason=Reason.REJECTED, message="The template is rejected and stays held.")
            return
        why = held_back(self.name, self.template, [Ordering(name="t", status=train)])
        if why is not None and status.restoring is None:
            self.change(phase=Phase.BLOCKED, reason=Reason.IN_TRAIN, message=why)
            return
        if self.queued and status.restoring is None:
            self.change(phase=Phase.BLOCKED, reason=Reason.QUEUED, message="ReleasePolicy calm lets 1 at a time be on their way.")
            return
        self.begin(Kind.ROLLBACK if status.restoring else Kind.RELEASE)

    def begin(self, kind: Kind = Kind.RELEASE) -> None:
        """A trial of what waits."""
        step = Step(index=0, of=3, name="Traffic", weight=5, entered=START)
        number = self.status.attempts + 1
        trial = Trial(attempt=number, kind=kind, candidate=revision(self.template), step=step, started=START)
        self.history.append(f"{self.name} {self.template}")
        self.change(phase=Phase.PROGRESSING, reason=Reason.STEP, trial=trial, attempts=number, restoring=None)

    def complete(self) -> None:
        """The candidate is stable."""
        assert self.status.trial is not None
        candidate, kind = self.status.trial.candidate, self.status.trial.kind
        rejected = () if kind is Kind.RELEASE else self.status.rejected
        self.change(**self._ended(Outcome.COMPLETED), phase=Phase.HEALTHY, reason=Reason.AT_REST, stable=candidate,
                    rejected=rejected)  # fmt: skip

    def fail(self, message: str = "gate errors: 0.5 is above max 0.05", outcome: Outcome = Outcome.REJECTED) -> None:
        """The candidate is taken back, all of it."""
        assert self.status.trial is not None
        lost = self.status.trial.candidate
        rejected = (*self.status.rejected, Template(digest=lost.digest, generation=0, hash=lost.hash, version=lost.version,
                                                    message=message))  # fmt: skip
        self.change(**self._ended(outcome, message), phase=Phase.ROLLED_BACK, reason=Reason.REJECTED, message=message,
                    rejected=rejected, paused=False)  # fmt: skip

    def _ended(self, outcome: Outcome, message: str = "") -> dict[str, Any]:
        trial = self.status.trial
        assert trial is not None
        past = Past(revision=trial.candidate, kind=trial.kind, outcome=outcome, message=message, started=START, ended=START)
        return {"trial": None, "history": (*self.status.history, past)}

    def hear(self, ask: Ask) -> None:
        """A request of the train, answered at once."""
        self.history.append(f"{self.name} {ask.key}={ask.value if ask.key == 'rollback' else ''}")
        done = not self.refuses and getattr(self, f"_{ask.key}")(ask)
        given = Answer(id=f"{ask.key}/{ask.by}", key=ask.key, value=ask.value, author=ask.by, at=START, done=done,
                       message="" if done else "It makes no sense now.")  # fmt: skip
        self.change(requests=(*self.status.requests, given))

    def _abort(self, ask: Ask) -> bool:
        if self.status.trial is None:
            return False
        self.fail(f"Aborted by {ask.by}: {ask.value}", Outcome.ABORTED)
        return True

    def _rollback(self, ask: Ask) -> bool:
        old = ask.value.removeprefix("revision:hash")
        if self.status.trial is not None or old == self.version:
            return False
        now = revision(self.version)
        rejected = (*self.status.rejected, Template(digest=now.digest, generation=0, version=now.version, message="Rolled back"))
        self.ship(old)
        self.change(restoring=Template(digest=f"digest of {old}", generation=0), rejected=rejected)
        return True

    def _pause(self, _: Ask) -> bool:
        self.change(paused=True, phase=Phase.PAUSED)
        return True

    def _resume(self, _: Ask) -> bool:
        self.change(paused=False, phase=Phase.PROGRESSING)
        return True

    def _retry(self, _: Ask) -> bool:
        self.change(rejected=tuple(r for r in self.status.rejected if r.version != self.template), phase=Phase.HEALTHY)
        return True


@dataclass
class Line:
    """A train `t`, its members, and the time."""

    spec: ReleaseTrainSpec | None
    services: dict[str, Service]
    status: TrainStatus = field(default_factory=TrainStatus)
    generation: int = 1
    now: datetime = START
    waiting: list[Request] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    decision: Decision | None = None

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def turn(self, *, performs: bool = True) -> bool:
        """One turn of the train; `performs`: it does not die before it asks. Whether something was committed or asked."""
        seen = {name: service.seen for name, service in self.services.items()}
        turn = Turn(name="t", spec=self.spec, status=self.status, seen=seen, generation=self.generation, now=self.now,
                    requests=tuple(self.waiting), error="spec.members: missing")  # fmt: skip
        made = self.decision = decide(turn)
        if made.moved:
            self.status = made.status.model_copy(update={"turn": self.status.turn + 1})
            # What is committed is read again without loss.
            assert (
                TrainStatus.model_validate(self.status.model_dump(mode="json", by_alias=True, exclude_none=True)) == self.status
            )
            self.log.append(f"{self.status.phase}/{self.status.reason}")
        if performs:
            for ask in made.asks:
                self.services[ask.member].hear(ask)
            self.waiting = [r for r in self.waiting if r.key not in made.removals]
        return made.moved or bool(made.asks)

    def settle(self) -> "Line":
        """Turns of all, until nobody has anything to do."""
        for _ in range(100):
            before = {n: (s.status, s.template) for n, s in self.services.items()}
            busy = self.turn()
            for service in self.services.values():
                service.turn(self.status)
            if not busy and before == {n: (s.status, s.template) for n, s in self.services.items()}:
                return self
        raise AssertionError(f"never at rest: {self.log[-6:]}")

    def ask(self, key: str, value: str = "true") -> "Line":
        """A person asks the train."""
        self.waiting.append(Request(id=f"{key}={value}/{len(self.log)}", key=key, value=value, author="alice"))
        return self.settle()

    def later(self, seconds: float) -> "Line":
        """Time goes by."""
        self.now += timedelta(seconds=seconds)
        return self.settle()

    @property
    def on_trial(self) -> set[str]:
        """Who has a new revision on its way."""
        return {n for n, s in self.services.items() if s.status.trial is not None}

    @property
    def versions(self) -> dict[str, str]:
        """What users have."""
        return {n: s.version for n, s in self.services.items()}

    def states(self) -> dict[str, str]:
        """The members' states."""
        return {m.name: str(m.state) for m in self.status.members}


CONSUMER, PRODUCER, REMOVAL = "Consumer", "Producer", "Removal"


def member(name: str, role: str | None = None, version: str = "2", depends_on: tuple[str, ...] = ()) -> dict[str, Any]:
    """A member of a spec."""
    return {"name": name, "version": version, "dependsOn": list(depends_on), **({"role": role} if role else {})}


def line(*members: dict[str, Any], ship: bool = True, queued: bool = False, **more: Any) -> Line:
    """Members at version 1 whose next version, as the train wants it, is shipped; `queued`: a policy does not let them begin."""
    made = Line(spec(*members, **more), {m["name"]: Service(m["name"], queued=queued) for m in members})
    for each in members if ship else ():
        made[each["name"]].ship(each["version"])
    return made.settle()


def shop(**more: Any) -> Line:
    """Two consumers, of which one goes after the other's stage by itself, and the producer of what they read."""
    return line(member("orders", PRODUCER), member("web", CONSUMER), member("mail", CONSUMER), **more)
