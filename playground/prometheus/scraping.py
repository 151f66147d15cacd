"""Scrapes every pod that runs, once a second, and the users' own counters. The labels are those of the tests' Prometheus.

    job="pods", instance="10.244.1.0:8080", namespace, pod, app and pod_template_hash (from the pod's labels)
        up, http_requests_total{code}, http_request_duration_seconds_bucket{le}, …_sum, …_count
    job="users"
        users_requests_total{namespace, route, version, code}: what users of a route or Service were answered

A pod that cannot be asked has `up` 0, and its other series end; all of them end with the pod.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from playground.loop import Loop
from playground.nodes.application import BUCKETS, Application
from playground.nodes.kubelet import Kubelet
from playground.nodes.pod import Pod
from playground.prometheus.matching import METRIC
from playground.prometheus.series import Series, Store
from playground.traffic.users import Users

INTERVAL = 1.0
"""Seconds."""
_EDGES = (*(f"{edge:g}" for edge in BUCKETS), "+Inf")
_HISTOGRAM = "http_request_duration_seconds"
_POD_LABELS = {"app": "app", "pod-template-hash": "pod_template_hash"}
_USUAL_PORT = 8080


@dataclass(slots=True)
class _Target:
    """One pod. `application` and `answered` are those of the last scrape; `series` in the order of `_values`."""

    labels: dict[str, str]
    up: Series
    application: Application | None = None
    answered: int = -1
    series: list[Series] = field(default_factory=list)


class Scraper:
    """Fills the store."""

    def __init__(self, loop: Loop, kubelet: Kubelet, users: Users, store: Store) -> None:
        self._loop, self._kubelet, self._users, self._store = loop, kubelet, users, store
        self._targets: dict[str, _Target] = {}

    def start(self) -> None:
        """Scrape at every whole second from now on."""
        self._wait()

    def _wait(self) -> None:
        now = self._loop.now()
        self._loop.later((now // INTERVAL + 1) * INTERVAL - now, "prometheus scrapes", self._scrape)

    def _scrape(self) -> None:
        at = int(self._loop.now() * 1000)
        if self._store.moments and at <= self._store.moments[-1]:
            self._wait()
            return
        for uid, pod in self._kubelet.pods.items():
            self._ask(uid, pod, at)
        for uid in [uid for uid in self._targets if uid not in self._kubelet.pods]:
            self._drop(uid, at)
        for labels, value in self._users.exposed():
            self._store.series({METRIC: "users_requests_total", "job": "users", **labels}).put(at, value)
        self._store.scraped(at)
        self._wait()

    def _ask(self, uid: str, pod: Pod, at: int) -> None:
        application, target = pod.application, self._targets.get(uid)
        if application is None:
            if target is not None and target.application is not None:
                self._lose(target, at)
            if target is not None and pod.phase in ("Succeeded", "Failed"):
                self._drop(uid, at)
            return
        if target is None:
            labels = _labels(pod)
            target = self._targets[uid] = _Target(labels, self._store.series({METRIC: "up", **labels}))
        if application is not target.application:
            target.application, target.answered = application, -1
            target.up.put(at, 1)
            target.series = [self._store.series({**target.labels, **labels}) for labels in _EXPOSED]
        if application.answered != target.answered:
            target.answered = application.answered
            for series, value in zip(target.series, _values(application), strict=True):
                series.put(at, value)

    def _lose(self, target: _Target, at: int) -> None:
        target.application = None
        target.up.put(at, 0)
        for series in target.series:
            series.end(at)

    def _drop(self, uid: str, at: int) -> None:
        target = self._targets.pop(uid)
        for series in (target.up, *target.series):
            series.end(at)


_EXPOSED = (
    *({METRIC: "http_requests_total", "code": code} for code in ("200", "500")),
    *({METRIC: _HISTOGRAM + "_bucket", "le": edge} for edge in _EDGES),
    {METRIC: _HISTOGRAM + "_sum"},
    {METRIC: _HISTOGRAM + "_count"},
)


def _values(application: Application) -> Iterator[float]:
    """In the order of _EXPOSED."""
    yield application.codes[200]
    yield application.codes[500]
    yield from accumulate(application.buckets)
    yield application.seconds
    yield application.answered


def _labels(pod: Pod) -> dict[str, str]:
    ports = pod.serving.spec.get("ports") or []
    named = (port["containerPort"] for port in ports if port.get("name") in ("http", "metrics"))
    port = next(named, ports[0]["containerPort"] if ports else _USUAL_PORT)
    known = {name: pod.labels[label] for label, name in _POD_LABELS.items() if pod.labels.get(label)}
    return {"job": "pods", "instance": f"{pod.address}:{port}", "namespace": pod.namespace, "pod": pod.name, **known}
