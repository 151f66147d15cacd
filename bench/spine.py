"""`python -m bench.spine`: API calls of a canary, latencies, start-up and memory, on the real control plane.

Prints a table and, as its last line, one JSON object. Everything is seen from outside: the audit log, watches, /proc.
"""

import json
import statistics
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.controlplane import namespace
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.prometheus import Prometheus
from tests.real.releases.analysis import gate
from tests.real.releases.installation import Installation
from tests.real.releases.shop import QUICK_CANARY, Shop

_OURS = "system:serviceaccount:release-coordinator:release-coordinator"
_WRITES = ("create", "patch", "update", "delete")
_ROUNDS = 5
TWO_STEPS = {"type": "Canary", "canary": {"steps": [{"weight": 25, "duration": "2s"}, {"weight": 100}]}}


def main() -> None:
    """Measure all of it."""
    namespace.enter()
    found: dict[str, Any] = {}
    with ControlPlane() as plane, Gateway(plane) as gateway, Prometheus(plane) as prometheus:
        installation = Installation(plane, prometheus.url)
        installation.install()
        found["start_seconds"] = round(_restart(installation), 2)
        found["calls_router"] = _calls(Shop(plane, plane.namespace(), "router", gateway), QUICK_CANARY)
        found["calls_plain"] = _calls(Shop(plane, plane.namespace(), "plain", None), TWO_STEPS)
        found["annotation_to_write_ms"] = _annotation(plane, gateway)
        found["sample_to_write_ms"] = _failing_gate(plane, gateway, installation)
        found["crash_to_write_ms"] = _crash(plane)
        found["rss_mib"] = round(sum(_rss(p) for p in installation.processes()) / 2**20, 1)
    for name, value in found.items():
        print(f"{name:<26}{json.dumps(value)}")
    print(json.dumps(found))


def _restart(installation: Installation) -> float:
    """Seconds from a process' start to readiness, as its log tells."""
    log = installation.log()
    started = next(line for line in log.splitlines() if "started" in line)
    ready = next(p for p in installation.pods())["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    return _moment(started.split()[0]) - _moment(ready)


def _calls(shop: Shop, strategy: dict[str, Any]) -> dict[str, Any]:
    shop.deploy(pods=4)
    shop.release(strategy=strategy)
    time.sleep(1)
    before = len(shop.plane.audit())
    shop.ship("2")
    shop.wait_for_phase("Progressing", "Baking")
    shop.wait_for_phase("Healthy", timeout=60)
    time.sleep(1.5)
    calls = [c for c in shop.plane.audit()[before:] if c.user == _OURS and c.resource != "leases"]
    by = Counter(f"{c.verb} {c.resource}{'/' + c.subresource if c.subresource else ''}" for c in calls)
    events = by["create events"]
    writes = sum(n for what, n in by.items() if what.split()[0] in _WRITES) - events
    return {"total": sum(by.values()), "writes": writes, "events": events, "by": dict(sorted(by.items()))}


def _annotation(plane: ControlPlane, gateway: Gateway) -> dict[str, float]:
    """From the API server's answer to the annotation to its answer to the weight-0 write."""
    took = []
    for number in range(_ROUNDS):
        shop = Shop(plane, plane.namespace(), f"abort{number}", gateway)
        shop.deploy(pods=2)
        shop.release(strategy={"type": "Canary", "canary": {"steps": [{"weight": 25, "duration": "60s"}, {"weight": 100}]}})
        shop.ship("2")
        shop.wait_for_trial_weight(25)
        shop.ask("abort")
        shop.wait_for_phase("RolledBack")
        calls = [c for c in plane.audit() if c.namespace == shop.namespace and c.code < 300]
        asked = [c for c in calls if c.resource == "releases" and c.user != _OURS and c.verb == "patch"][-1]
        route = next(c for c in calls if c.resource == "httproutes" and c.user == _OURS and c.time > asked.time)
        took.append(1000 * (_moment(route.time) - _moment(asked.time)))
    return _spread(took)


def _failing_gate(plane: ControlPlane, gateway: Gateway, installation: Installation) -> dict[str, float]:
    """From the commit of the verdict (the log; it follows the sample's answer at once) to the weight-0 write."""
    took = []
    for number in range(_ROUNDS):
        shop = Shop(plane, plane.namespace(), f"errors{number}", gateway)
        shop.deploy(pods=2)
        shop.release(gates=[gate("errors")], strategy={
            "type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "60s"}, {"weight": 100}]}})  # fmt: skip
        with shop.traffic(rate=40, seconds=40):
            shop.ship("2-errors80")
            shop.wait_for_phase("RolledBack", timeout=40)
        calls = [c for c in plane.audit() if c.namespace == shop.namespace and c.user == _OURS and c.code < 300]
        route = [c for c in calls if c.resource == "httproutes" and c.verb == "patch"]
        commit = next(line for line in installation.log().splitlines() if "GateFailed" in line and shop.name in line)
        back = next(c for c in route if _moment(c.time) > _moment(commit.split()[0]) - 0.05)
        took.append(1000 * (_moment(back.time) - _moment(commit.split()[0])))
    return _spread(took)


def _crash(plane: ControlPlane) -> dict[str, float]:
    """From the kubelet's CrashLoopBackOff to the candidate's scale to 0."""
    took = []
    for number in range(_ROUNDS):
        shop = Shop(plane, plane.namespace(), f"crash{number}", None)
        shop.deploy(pods=2)
        shop.release()
        shop.ship("2-crash")
        shop.wait_for_phase("RolledBack", timeout=40)
        calls = [c for c in plane.audit() if c.namespace == shop.namespace and c.code < 300]
        pods = [c for c in calls if c.resource == "pods" and c.subresource == "status"]
        scaled = [c for c in calls if c.resource == "replicasets" and c.verb == "patch" and c.user == _OURS][-1]
        last = max(_moment(c.time) for c in pods if _moment(c.time) < _moment(scaled.time))
        took.append(1000 * (_moment(scaled.time) - last))
    return _spread(took)


def _spread(values: list[float]) -> dict[str, float]:
    return {"min": round(min(values), 1), "median": round(statistics.median(values), 1), "max": round(max(values), 1)}


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _rss(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024


if __name__ == "__main__":
    main()
