"""Fetching the contracts that stable and candidate serve, and having them compared. What a difference means is decided elsewhere.

Both sides' pods are strangers, and so is what they serve: it is parsed only by oasdiff, one comparison at a time, in a process
that has less time and memory than would harm the controller beside it.
"""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from controller.api import names
from controller.contracts import openapi
from controller.contracts.program import Bounds, NotCompared, TooLong, find
from controller.kube import paths
from controller.kube.client import Client
from controller.kube.errors import ApiError
from controller.metrics.document import Place, fetch
from controller.metrics.pool import Queries
from controller.reconcile.cluster import Cluster, Key
from controller.reconcile.memory import Memory
from controller.reconcile.policies import NOT_LISTED, period
from controller.reconcile.putting import Question
from controller.workloads import pods
from strategies.analysis.verdict import Unknown
from strategies.review.contracts import Period
from strategies.spec.contract import LiveContract
from strategies.spec.status import Revision, Status
from strategies.world.observation import Differing

Object = dict[str, Any]
BOUNDS = Bounds(seconds=30.0, memory=256 * 2**20, output=4 * 2**20)
_MOST = 100
"""So many breaks are kept of a comparison: more than can be accepted, and than anybody reads."""


class Comparer:
    """Compares for all Releases. It is a source of `Queries`: a question in, and the answer or Unknown out."""

    def __init__(self, cluster: Cluster, queries: Queries, wake: Callable[[Key], None]) -> None:
        self._cluster, self._queries, self._wake = cluster, queries, wake
        self._one_at_a_time = threading.Lock()

    def problem(self) -> str | None:
        """Why nothing can be compared at all, with the remedy."""
        try:
            find(openapi.NAME, openapi.REMEDY)
        except NotCompared:
            return ("oasdiff, which compares contracts, is not in the controller's image; whoever runs the coordinator can build "
                    "the image with it (make image CONTRACTS=1).")  # fmt: skip
        return None

    def ask(self, key: Key, gate: str, asked: LiveContract, status: Status, memory: Memory) -> list[datetime]:
        """Compare if it is due; when it is due again."""
        trial, stable = status.trial, status.stable
        if trial is None or stable is None:
            return []

        def send(heard: Callable[[Any], None], now: datetime, tries: int) -> None:
            question = {"contract": gate, "namespace": key[0], "path": asked.path, "port": asked.port, "try": tries,
                        "seconds": asked.timeout.total_seconds(), "stable": _named(stable),
                        "candidate": _named(trial.candidate)}  # fmt: skip
            self._queries.call(f"contracts {key[0]}", self, json.dumps(question, sort_keys=True), now, heard, key[0])

        return Question(key=key, gate=gate, status=status, memory=memory).put(self._cluster.clock, self._wake, send)

    def query(self, text: str, at: datetime) -> Differing | Unknown:
        """Fetch both and compare them."""
        question = json.loads(text)
        policies = self._cluster.release_policies
        asked = period(policies.list(), question["namespace"]) if policies.synced else NOT_LISTED
        if isinstance(asked, Unknown):
            return asked
        found = []
        for side in ("stable", "candidate"):
            place = self._place(question, side)
            document = place if isinstance(place, Unknown) else fetch(place, question["seconds"])
            if isinstance(document, Unknown):
                return document
            found.append(document)
        try:
            with self._one_at_a_time:
                breaking, additions = _compared(found[0], found[1], asked)
        except NotCompared as why:
            return Unknown(reason="NotCompared", message=f"{why} (the older one is stable's, the newer one the candidate's)")
        breaking = tuple(dict.fromkeys(breaking))
        return Differing(breaking=breaking[:_MOST], breaks=len(breaking), additions=additions, at=at)

    def series(self, promql: str, at: datetime) -> Any:
        """It has none."""
        raise NotImplementedError

    def _place(self, question: Mapping[str, Any], side: str) -> Place | Unknown:
        """A ready pod of this side: another one each time that it was tried in vain."""
        revision = question[side]
        try:
            ready = _ready(self._cluster.client, question["namespace"], revision["hash"], revision["replicaSet"])
        except ApiError as error:
            return Unknown(reason=error.reason, message=f"the pods of {side} could not be listed: {error}")
        if not ready:
            return Unknown(reason="NoPods", message=f"{side} has no ready pod in the pod network that could be asked")
        pod = ready[question["try"] % len(ready)]
        port = question["port"] or pods.first_port(pod)
        if port is None:
            said = f"the containers of {side} declare no port; write it into the gate's contract.port"
            return Unknown(reason="NoPort", message=said)
        return Place(address=pod["status"]["podIP"], port=port, path=question["path"],
                     whose=f"pod {pod['metadata']['name']} ({side})")  # fmt: skip


def _compared(old: str, new: str, period: Period | None) -> tuple[tuple[str, ...], int | None]:
    """What breaks, and how many additions there are. Raises NotCompared."""
    try:
        breaking, safe = openapi.compare(old, new, BOUNDS, period)
    except TooLong:
        # A type that all of a large API's answers contain is told of each of them.
        return openapi.compare(old, new, BOUNDS, period, breaking_only=True)[0], None
    return breaking, len(safe)


def _named(revision: Revision) -> Object:
    return {"hash": revision.hash, "replicaSet": revision.replica_set, "version": revision.version or ""}


def _ready(client: Client, namespace: str, hash_: str, replica_set: str) -> list[Object]:
    """Its ready pods that have an address of their own: that of a node leads to what is not the Release's."""
    query = {"labelSelector": f"{names.HASH}={hash_}", "resourceVersion": "0"}
    items, _ = client.list(paths.PODS.path(namespace), query)
    mine = [pod for pod in items if pods.controlled_by(pod, replica_set) and pods.counts(pod) and pods.has_own_address(pod)]
    return sorted((pod for pod in mine if pods.read(pod).ready), key=lambda pod: str(pod["metadata"]["name"]))
