"""A process' way to the API server, and what may go wrong on it.

Everything that a call can meet happens here, while the call is under way: it is refused, its answer is lost, the process dies
before or after it, or it takes so long that the rest of the world, another leader included, goes on meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

import urllib3

from controller.kube.answers import unreachable
from controller.kube.errors import ApiError
from playground.apiserver.watching import Watch
from simulation import wire
from simulation.wire import USER, Answer, refused
from tests.simulation.faults import Fault, Kind, On

if TYPE_CHECKING:
    from tests.simulation.process import Process

__all__ = ["USER", "Crashed", "Wire", "counts", "is_write"]
_STATUS = {Kind.CONFLICT: (409, "Conflict"), Kind.THROTTLED: (429, "TooManyRequests"), Kind.BROKEN: (500, "InternalError"),
           Kind.REFUSED: (403, "Forbidden")}  # fmt: skip
_OWN = ("/leases", "/events")
Met = TypeVar("Met")


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
        return self._call(method, path, query, lambda: self.answer(method, path, query, headers, body))

    def watch(self, path: str, query: Mapping[str, str]) -> Watch:
        """To ask for all there is is a call like any other; what a watch that goes on can meet is in views.py."""
        if "sendInitialEvents" not in query:
            return super().watch(path, query)
        asked, late = urlencode(query), self._world.lagging
        try:
            met = self._call("GET", path, asked, lambda: late.pop(f"{path}?{asked}", None) or wire.Wire.watch(self, path, query))
        except urllib3.exceptions.ReadTimeoutError as error:
            raise unreachable(error) from error
        if isinstance(met, Answer):
            raise refused(met)
        return met

    def lag(self, path: str, query: Mapping[str, str]) -> None:
        """Who asks for this next is told all there is now, and only then what has happened since."""
        with suppress(ApiError):  # Of a kind that is not there.
            self._world.lagging[f"{path}?{urlencode(query)}"] = super().watch(path, query)

    def _call(self, method: str, path: str, query: str, call: Callable[[], Met]) -> Met | Answer:
        own = path.rpartition("/namespaces/")[2].count("/") and any(part in path for part in _OWN)
        fault = self._world.refusal(method) if own else self._world.strikes(self._process, method, path, query)
        if fault is not None and fault.kind is Kind.CRASH_BEFORE:
            raise Crashed
        if fault is not None and fault.kind is Kind.UNSENT:
            raise urllib3.exceptions.ReadTimeoutError(None, path, "the request was lost")  # type: ignore[arg-type]
        if fault is not None and fault.kind in _STATUS:
            return _refusal(fault)
        if fault is not None and fault.kind in (Kind.SLOW, Kind.OVERLAP):
            self._world.meanwhile(self._process, fault)
        if self._process.dead:
            raise Crashed
        with self._world.writing(self._process, method, path, query):
            answer = call()
        if fault is not None and fault.kind is Kind.OVERTAKEN:
            self._world.meanwhile(self._process, fault)
        if (fault is not None and fault.kind is Kind.CRASH_AFTER) or self._process.dead:
            raise Crashed
        if fault is not None and fault.kind is Kind.LOST:
            raise urllib3.exceptions.ReadTimeoutError(None, path, "the answer was lost")  # type: ignore[arg-type]
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
