"""What people outside the cluster are told of: that a release starts, is promoted, goes back. Nothing else belongs here.

Told is what one status has reached and the one before has not. A status always says what it has reached, so that after a crash
between commit and sending the same can be told again, under the same id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from strategies.spec.release import ReleaseSpec, StrategyType
from strategies.spec.review import Risk
from strategies.spec.status import Kind, Outcome, Past, Revision, Status, Trial, format_time

PREFIX = "io.release-coordinator.release"


class Moment(StrEnum):
    """A turning point of one trial. Each is reached once at most; with the revision's hash it is one of a kind."""

    STARTED = "started"
    PROMOTED = "promoted"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One turning point of one trial. `stable` is what users had before, where that is known; `outcome` why it goes back."""

    moment: Moment
    at: datetime
    kind: Kind
    candidate: Revision
    stable: Revision | None
    strategy: StrategyType | None
    risk: Risk | None
    changed_by: str | None
    outcome: Outcome | None
    message: str

    @property
    def type(self) -> str:
        """The CloudEvent's. A rollback after completion is a trial of its own: when it is through, users are back."""
        back = self.moment is Moment.UNDONE or (self.moment is Moment.PROMOTED and self.kind is Kind.ROLLBACK)
        return f"{PREFIX}.{'rolledback' if back else self.moment}"


def notifications(old: Status, new: Status) -> tuple[Notification, ...]:
    """What the commit of `new` over `old` has reached, in order. Over an empty status: what it has reached at all."""
    known = {(each.candidate.hash, each.moment) for each in _reached(old)}
    return tuple(each for each in _reached(new) if (each.candidate.hash, each.moment) not in known)


def cloud_event(told: Notification, namespace: str, name: str, uid: str, spec: ReleaseSpec | None) -> dict[str, Any]:
    """The CloudEvent 1.0 in JSON's structured mode. The id is the same however often it is made."""
    change = spec.change if spec else None
    return {
        "specversion": "1.0",
        "id": f"{uid}/{told.candidate.hash}/{told.moment}",
        "source": f"/apis/release-coordinator.io/v1alpha1/namespaces/{namespace}/releases/{name}",
        "type": told.type,
        "time": format_time(told.at),
        "datacontenttype": "application/json",
        "data": {
            "release": {"namespace": namespace, "name": name, "uid": uid},
            "kind": told.kind,
            "candidate": _named(told.candidate),
            "stable": _named(told.stable) if told.stable else None,
            "strategy": told.strategy,
            "risk": told.risk,
            "changedBy": told.changed_by,
            "summary": change.summary if change else None,
            "stakeholders": list(change.stakeholders) if change else [],
            "outcome": told.outcome,
            "message": told.message,
        },
    }


def spoken(event: dict[str, Any]) -> dict[str, str]:
    """A cloud_event for people: title, body and type (info, success or failure), as a server of Apprise takes them."""
    data = event["data"]
    release, candidate, kind, outcome = data["release"], data["candidate"], data["kind"], data["outcome"]
    what, type_ = _SPOKEN[event["type"]] if outcome or kind != Kind.ROLLBACK else _SPOKEN_OF_ROLLBACK[event["type"]]
    why = f" ({outcome})" if outcome else ""
    named = {"Strategy": data["strategy"], "Risk": data["risk"], "Changed by": data["changedBy"],
             "Stakeholders": ", ".join(data["stakeholders"])}  # fmt: skip
    about = ". ".join(f"{name}: {value}" for name, value in named.items() if value)
    return {
        "title": f"{release['namespace']}/{release['name']} {candidate['version'] or candidate['hash']}: {kind} {what}{why}",
        "body": "\n".join(line for line in (data["summary"], data["message"], about) if line),
        "type": type_,
    }


_SPOKEN = {f"{PREFIX}.started": ("started", "info"), f"{PREFIX}.promoted": ("promoted", "success"),
           f"{PREFIX}.rolledback": ("rolled back", "failure")}  # fmt: skip
_SPOKEN_OF_ROLLBACK = {**_SPOKEN, f"{PREFIX}.rolledback": ("complete", "success")}


def _reached(status: Status) -> Iterator[Notification]:
    for past in status.history:
        yield _ended(status, past)
    trial = status.trial
    if trial is None:
        return
    if trial.outcome is not None:
        yield _of(status, trial, Moment.UNDONE, status.since or trial.started, status.message)
        return
    yield _of(status, trial, Moment.STARTED, trial.started, f"{trial.kind} of revision {trial.candidate.hash} has begun.")
    if trial.step.name == "Bake":
        by = f" Step before: {trial.passed[-1].by}" if trial.passed else ""
        yield _of(status, trial, Moment.PROMOTED, trial.step.entered, f"The candidate gets all traffic.{by}")


def _of(status: Status, trial: Trial, moment: Moment, at: datetime, message: str) -> Notification:
    return Notification(
        moment=moment, at=at, kind=trial.kind, candidate=trial.candidate, stable=status.stable, strategy=trial.strategy,
        risk=status.review.risk if status.review else None, changed_by=trial.changed_by, outcome=trial.outcome, message=message,
    )  # fmt: skip


def _ended(status: Status, past: Past) -> Notification:
    completed = past.outcome is Outcome.COMPLETED
    stable = (status.retiring if completed else status.stable) if past is status.history[-1] else None
    return Notification(
        moment=Moment.PROMOTED if completed else Moment.UNDONE, at=past.ended, kind=past.kind, candidate=past.revision,
        stable=stable, strategy=past.strategy, risk=past.risk, changed_by=past.changed_by,
        outcome=None if completed else past.outcome, message=past.message,
    )  # fmt: skip


def _named(revision: Revision) -> dict[str, Any]:
    return {"hash": revision.hash, "version": revision.version}
