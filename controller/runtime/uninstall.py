"""Uninstalling: everything that was in hand is put back while the admission policies still stand.

The Lease is taken and kept, so that no controller pod that outlives this job starts again what was just given back.
"""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from controller.api import names
from controller.kube import lease, paths
from controller.kube.client import MERGE_PATCH, Client
from controller.kube.connection import Connection
from controller.kube.elector import Elector
from controller.kube.errors import ApiError, NotFound, Unavailable, Unreachable
from controller.metrics.pool import Queries
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import Cluster, Key, serving
from controller.reconcile.turn import Reconciler
from controller.runtime.recording import recorder
from controller.settings import Settings

log = structlog.get_logger()
_PATIENCE = 240.0
_LEASE_SECONDS = 45
"""For so long after the end of this job nobody leads: longer than a pod of ours takes to end, shorter than a re-install."""


def uninstall(settings: Settings, connection: Connection) -> int:
    """Take the leadership, end every trial, give every Deployment back. Returns the exit status."""
    client = Client(connection)
    identity = f"uninstall-{uuid.uuid4().hex[:8]}"
    if _seize(client, settings, identity):
        time.sleep(Elector.terms.give_up)  # By then whoever led knows, or cannot write any more.
    cluster = Cluster(client, lambda *_, **__: None, (settings.hold_policy, settings.pin_policy), settings.watch_namespaces,
                      follow=serving(settings.policy_version))  # fmt: skip
    events = recorder(client, identity)
    reconciler = Reconciler(cluster, Asker(cluster, Queries(), settings.namespace, lambda _key: None), events,
                            may_write=lambda: True, leaving=True)  # fmt: skip
    cluster.start()
    events.start()
    left = _put_back(cluster, reconciler, lambda: _seize(client, settings, identity))
    cluster.stop()
    events.stop()
    for key, why in left.items():
        log.error("not_put_back", release=key, why=why)
    return 1 if left else 0


def _seize(client: Client, settings: Settings, identity: str) -> bool:
    """Take the Lease, whoever holds it. Says whether there is one: without, no controller has ever led here."""
    now = lease.micro_time(datetime.now(UTC))
    spec = lease.written(identity, _LEASE_SECONDS, 0, now, now)
    try:
        may_pass = retry_if_exception_type((Unavailable, Unreachable))
        for attempt in Retrying(retry=may_pass, wait=wait_fixed(1), stop=stop_after_delay(30), reraise=True):
            with attempt:
                client.patch(paths.LEASES.path(settings.namespace, settings.lease_name), {"spec": spec}, MERGE_PATCH)
    except NotFound:
        return False
    return True


def _put_back(cluster: Cluster, reconciler: Reconciler, keep_lease: Callable[[], object]) -> dict[Key, str]:
    until = time.monotonic() + _PATIENCE
    kept = time.monotonic()
    while not cluster.synced and time.monotonic() < until:
        time.sleep(0.05)
    left = dict.fromkeys(cluster.known(), "not looked at")
    while left and time.monotonic() < until:
        for key in tuple(left):
            try:
                reconciler.turn(key)
                left[key] = _in_hand(cluster, key)
            except ApiError as error:
                left[key] = str(error)
        left = {key: why for key, why in left.items() if why}
        if time.monotonic() - kept > _LEASE_SECONDS / 4:
            kept = time.monotonic()
            keep_lease()
        time.sleep(0.1)
    return left


def _in_hand(cluster: Cluster, key: Key) -> str:
    """What is still to be put back for a Release; empty for nothing. The mark on its Deployment goes last."""
    release = cluster.releases.get(*key)
    if release is not None and names.FINALIZER in (release["metadata"].get("finalizers") or []):
        return "the release is not undone yet"
    marked = [d["metadata"]["name"] for d in cluster.deployments.list(key[0]) if d["metadata"]["labels"][names.RELEASE] == key[1]]
    if marked:
        return f"Deployment {marked[0]} is not given back yet"
    # A later installation must find nothing that looks like a Deployment taken out of its hands.
    return "the status is not cleared yet" if release and (release.get("status") or {}).get("stable") else ""
