"""Users of the application: requests at a steady rate for a bounded time, each one recorded.

Nothing is retried and nothing is left out: a refused connection is a record with status 0.
"""

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request. `at` is wall-clock time, `latency` in seconds; status 0 means no answer, and `problem` says why."""

    at: float
    status: int
    latency: float
    version: str = ""
    pod: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What one version has answered. `p99` in seconds."""

    requests: int
    errors: int
    p99: float


class Traffic:
    """`with Traffic(address, host="shop.test", rate=100, seconds=5) as traffic: …`, then read `traffic.answers`.

    Leaving the block stops it early; `wait()` lets it have its time.
    """

    def __init__(
        self, address: tuple[str, int], *, host: str, rate: float, seconds: float, path: str = "/", workers: int = 16
    ) -> None:
        self._address, self._host, self._path = address, host, path
        self._rate, self._total = rate, int(rate * seconds)
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        self._answers: list[Answer] = []

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait(self) -> None:
        """Until all requests have been made."""
        for thread in self._threads:
            thread.join()

    @property
    def answers(self) -> Sequence[Answer]:
        """So far, in the order in which they came."""
        return list(self._answers)

    @property
    def problems(self) -> Counter[str]:
        """What went wrong, with counts; empty when every request was answered with 200."""
        return Counter(a.problem or f"status {a.status}" for a in self.answers if a.status != 200)

    def by_version(self) -> dict[str, Summary]:
        """Version → summary; requests that no pod answered stand under the version ""."""
        grouped: dict[str, list[Answer]] = {}
        for answer in self.answers:
            grouped.setdefault(answer.version, []).append(answer)
        return {version: _summary(answers) for version, answers in grouped.items()}

    def _work(self) -> None:
        connection = http.client.HTTPConnection(*self._address, timeout=10)
        while (number := next(self._numbers)) < self._total:
            if self._stopping.wait(max(0.0, self._began + number / self._rate - time.monotonic())):
                break
            self._answers.append(self._ask(connection))
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection) -> Answer:
        at, began = time.time(), time.monotonic()
        try:
            connection.request("GET", self._path, headers={"Host": self._host})
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as problem:
            connection.close()
            return Answer(at=at, status=0, latency=time.monotonic() - began, problem=repr(problem))
        latency = time.monotonic() - began
        try:
            said = json.loads(content)
            return Answer(at=at, status=response.status, latency=latency, version=said["version"], pod=said["pod"])
        except (ValueError, KeyError, TypeError):
            return Answer(at=at, status=response.status, latency=latency)


def _summary(answers: Sequence[Answer]) -> Summary:
    latencies = sorted(answer.latency for answer in answers)
    errors = sum(answer.status != 200 for answer in answers)
    return Summary(requests=len(answers), errors=errors, p99=latencies[int(len(latencies) * 0.99)])
