"""What stands outside of the cluster and speaks with the controller: a web server that judges, and an Alertmanager."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from controller.reconcile.inbox import Waiting
from strategies.analysis.verdict import Verdict
from strategies.world.observation import Alert, Differing, Told

if TYPE_CHECKING:
    from tests.simulation.world import World

_TAKES, _AGAIN = 4.0, 5.0


class Judge:
    """Says `wait` for some seconds after it was first asked under a key, then pass; and fail of a version with errors."""

    def __init__(self) -> None:
        self._begun: dict[str, datetime] = {}
        self.passed: dict[str, tuple[str, int]] = {}
        """By key, or by the gate that compares: for which revision and step it has said pass."""

    def answer(self, document: str, at: datetime) -> Told | Differing:
        """As a webhook; or as a comparison of contracts."""
        told = json.loads(document)
        if "contract" in told:
            return self._compare(told, at)
        begun = self._begun.setdefault(told["id"], at)
        if "errors" in told["candidate"]["version"]:
            return Told(verdict=Verdict.FAIL, message="it is bad", at=at)
        if (at - begun).total_seconds() < _TAKES:
            return Told(verdict=Verdict.INCONCLUSIVE, message="it takes a while", at=at)
        self.passed[told["id"]] = (told["candidate"]["hash"], told["step"]["number"])
        return Told(verdict=Verdict.PASS, message="", at=at)

    def _compare(self, told: dict[str, Any], at: datetime) -> Differing:
        """A version with errors has lost an endpoint."""
        lost = ("GET /orders: endpoint removed",) if "errors" in told["candidate"]["version"] else ()
        if not lost:
            self.passed[told["contract"]] = (told["candidate"]["hash"], 0)
        return Differing(breaking=lost, breaks=len(lost), additions=1, at=at)


def send_until_taken(world: World, name: str) -> None:
    """An alert begins to fire; it is sent to whoever leads, again and again until it was taken."""
    alert = Alert(name=name, summary="users notice", since=datetime.fromtimestamp(world.loop.now(), UTC))

    def send() -> None:
        leader = next((p for p in world.processes if p.leads), None)
        waiting = leader.hear(alert) if leader is not None else Waiting((alert,))
        world.loop.later(_AGAIN, "alertmanager looks", lambda: None if waiting.taken.is_set() else send())

    send()
