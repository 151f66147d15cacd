"""A process' way to the API server, and what may go wrong on it.

Everything that a call can meet happens here, while the call is under way: it is refused, its answer is lost, the process dies
before or after it, or it takes so long that the rest of the world, another leader included, goes on meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import urllib3

from simulation import wire
from simulation.wire import USER, Answer
from tests.simulation.faults import Fault, Kind, On

if TYPE_CHECKING:
    from tests.simulation.process import Process

__all__ = ["USER", "Crashed", "Wire", "counts", "is_write"]
_STATUS = {Kind.CONFLICT: (409, "Conflict"), Kind.THROTTLED: (429, "TooManyRequests"), Kind.BROKEN: (500, "InternalError"),
           Kind.REFUSED: (403, "Forbidden")}  # fmt: skip
_OWN = ("/leases", "/events")


class Crashed(BaseException):
    """The process dies here and now. No `except Exception` may see it."""


class Wire(wire.Wire):
    """One process' way to the API server."""

    def __init__(self, process: Process) -> None:
        super().__init__(process.world.cluster.api)
        self._process, self._world = process, process.world

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, _timeouts: object) -> Answer:
        """One call, or what becomes of it."""
        path, _, query = target.partition("?")
        own = path.rpartition("/namespaces/")[2].count("/") and any(part in path for part in _OWN)
        fault = self._world.refusal(method) if own else self._world.strikes(self._process, method, path, query)
        if fault is not None and fault.kind is Kind.CRASH_BEFORE:
            raise Crashed
        if fault is not None and fault.kind is Kind.UNSENT:
            raise urllib3.exceptions.ReadTimeoutError(None, target, "the request was lost")  # type: ignore[arg-type]
        if fault is not None and fault.kind in _STATUS:
            return _refusal(fault)
        if fault is not None and fault.kind in (Kind.SLOW, Kind.OVERLAP):
            self._world.meanwhile(self._process, fault)
        if self._process.dead:
            raise Crashed
        if method == "GET" and path in self._world.lists and "labelSelector" not in query:
            return Answer(200, self._world.lists.pop(path), {})
        with self._world.writing(self._process, method, path, query):
            answer = self.answer(method, path, query, headers, body)
        if fault is not None and fault.kind is Kind.OVERTAKEN:
            self._world.meanwhile(self._process, fault)
        if (fault is not None and fault.kind is Kind.CRASH_AFTER) or self._process.dead:
            raise Crashed
        if fault is not None and fault.kind is Kind.LOST:
            raise urllib3.exceptions.ReadTimeoutError(None, target, "the answer was lost")  # type: ignore[arg-type]
        return answer


def is_write(method: str, query: str) -> bool:
    """Whether a call changes anything."""
    return method != "GET" and "dryRun" not in query


def counts(on: On, method: str, query: str) -> bool:
    """Whether a fault on this counts such a call."""
    return on is On.CALL or (on is On.WRITE and is_write(method, query))


def _refusal(fault: Fault) -> Answer:
    code, reason = _STATUS[fault.kind]
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
              "message": f"injected: {fault}", "details": {}}  # fmt: skip
    headers = {"Retry-After": f"{fault.seconds:g}"} if fault.seconds else {}
    return Answer(code, json.dumps(status).encode(), headers)
