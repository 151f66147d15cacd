"""The controller under measurement: a process of its own, and what it says of itself on /metrics.

Nothing here knows what is measured with it.
"""

import itertools
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from tests.controlplane import processes

ROOT = Path(__file__).parents[1]
NAMESPACE = "release-coordinator"
USER = f"system:serviceaccount:{NAMESPACE}:release-coordinator"
Labels = frozenset[tuple[str, str]]


class Scrape:
    """One reading of /metrics. `process_…` and `python_…` are in it."""

    def __init__(self, text: str) -> None:
        self.at = time.time()
        self._samples: dict[str, dict[Labels, float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric's series with these labels; 0 without any."""
        return sum(value for its, value in self._samples.get(name, {}).items() if labels.items() <= its)

    def by(self, name: str, *labels: str) -> Counter[str]:
        """A metric's series, summed by these labels' values."""
        found: Counter[str] = Counter()
        for its, value in self._samples.get(name, {}).items():
            found[" ".join(dict(its).get(label, "") for label in labels)] += int(value)
        return found

    def quantile(self, name: str, share: float, since: "Scrape | None" = None) -> float:
        """A quantile of a histogram's observations since an earlier reading, interpolated as Prometheus does."""
        edges: Counter[float] = Counter()
        for sign, scrape in ((1, self), (-1, since)):
            for its, value in scrape._samples.get(f"{name}_bucket", {}).items() if scrape else ():
                edges[float(dict(its)["le"])] += sign * int(value)
        rank = share * edges[float("inf")]
        below, lower = 0, 0.0
        for edge in sorted(edges):
            if edges[edge] >= rank and edges[edge] > below:
                return lower if edge == float("inf") else lower + (edge - lower) * (rank - below) / (edges[edge] - below)
            below, lower = edges[edge], edge
        return 0.0


class Controller:
    """`python -m controller run`, against the cluster of a kubeconfig; ends with this process at the latest."""

    _numbers = itertools.count(1)

    def __init__(self, kubeconfig: Path, folder: Path, **settings: str) -> None:
        self._ports = {name: processes.free_port() for name in ("health", "metrics")}
        self.log = folder / f"controller-{next(self._numbers)}.log"
        given = {"KUBECONFIG": str(kubeconfig), "LEASE_NAMESPACE": NAMESPACE, "BIND": "127.0.0.1", "LOG_FORMAT": "text",
                 "HEALTH_PORT": str(self._ports["health"]), "METRICS_PORT": str(self._ports["metrics"]), **settings}  # fmt: skip
        environment = {k: v for k, v in os.environ.items() if k != "KUBECONFIG"}
        environment |= {f"RELEASE_COORDINATOR_{name}": value for name, value in given.items()}
        self.started = time.monotonic()
        environment["PYTHONPATH"] = str(ROOT)
        self._process = processes.start([sys.executable, "-m", "controller", "run"], self.log, environment)

    def __enter__(self) -> Self:
        self.wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until_ready(self, timeout: float = 120) -> float:
        """Seconds from the process' start to its readiness."""
        return self._wait(self._ready, timeout)

    def wait_until_leading(self, timeout: float = 60) -> float:
        """Seconds from the process' start to its leadership."""
        return self._wait(lambda: self.scrape().total("release_coordinator_leader") == 1, timeout)

    def stop(self) -> None:
        """SIGTERM, and wait for the end."""
        processes.end(self._process, patience=15)

    def scrape(self) -> Scrape:
        """Read /metrics."""
        return Scrape(self._get("metrics", "/metrics"))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def memory(self) -> float:
        """Resident memory in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def _ready(self) -> bool:
        return self._get("health", "/readyz") == "ok\n"

    def _get(self, port: str, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[port]}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def _wait(self, question: Callable[[], bool], timeout: float) -> float:
        while True:
            try:
                if question():
                    return time.monotonic() - self.started
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                pass
            if self._process.poll() is not None or time.monotonic() - self.started > timeout:
                raise RuntimeError(f"the controller did not become ready:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.005)


class Sampling:
    """Reads the controller's memory and queue every second while a `with` block runs, and keeps the highest."""

    def __init__(self, controller: Controller) -> None:
        self._controller, self._ended = controller, threading.Event()
        self.memory, self.oldest_wait, self.depth = 0.0, 0.0, 0.0
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(1.0):  # As often as the controller sets the queue's gauges.
            self.memory = max(self.memory, self._controller.memory())
            scrape = self._controller.scrape()
            self.oldest_wait = max(self.oldest_wait, scrape.total("release_coordinator_queue_oldest_wait_seconds"))
            self.depth = max(self.depth, scrape.total("release_coordinator_queue_depth"))
