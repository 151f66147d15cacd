"""What kubectl says of a pod in one word, and how many of its containers are ready."""

from collections.abc import Mapping, Sequence
from typing import Any

from playground.apiserver.objects import Object, moment_of
from playground.apiserver.schema.ages import human

Status = Mapping[str, Any]


def cells(pod: Object, now: float) -> tuple[str, str, str]:
    """READY, STATUS and RESTARTS."""
    spec, status = pod.get("spec", {}), pod.get("status", {})
    started, initializing = _init(spec, status)
    containers = status.get("containerStatuses") or []
    counted = containers if initializing is None else status.get("initContainerStatuses") or []
    ready = sum(bool(each.get("ready")) and "running" in each.get("state", {}) for each in containers)
    total = len(spec.get("containers") or ()) + sum(_stays(each) for each in spec.get("initContainers") or ())
    reason = initializing or _running(containers, status)
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in ("Failed", "Succeeded"):
            reason = "Terminating"
    return f"{started + (ready if initializing is None else 0)}/{total}", reason, _restarts(counted, now)


def _stays(container: Status) -> bool:
    """An init container that runs along with the others."""
    return container.get("restartPolicy") == "Always"


def _init(spec: Status, status: Status) -> tuple[int, str | None]:
    """How many init containers run along and are ready; what keeps the others from ending, None if nothing does."""
    staying = {each["name"] for each in spec.get("initContainers") or () if _stays(each)}
    ready = 0
    for index, each in enumerate(status.get("initContainerStatuses") or ()):
        state = each.get("state", {})
        ended = state.get("terminated")
        if ended is not None and not ended.get("exitCode"):
            continue
        if each.get("name") in staying and each.get("started"):
            ready += bool(each.get("ready"))
            continue
        if ended is not None:
            return ready, f"Init:{_ended(ended)}"
        waiting = state.get("waiting", {}).get("reason")
        if waiting and waiting != "PodInitializing":
            return ready, f"Init:{waiting}"
        return ready, f"Init:{index}/{len(spec.get('initContainers') or ())}"
    return ready, None


def _ended(ended: Status) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _running(containers: Sequence[Status], status: Status) -> str:
    """The first container that has something to say decides."""
    reason, failed = str(status.get("reason") or status.get("phase") or ""), ""
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    for each in reversed(containers):
        state = each.get("state", {})
        if state.get("waiting", {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif (ended := state.get("terminated")) is not None:
            reason = _ended(ended)
            failed = reason if ended.get("exitCode") else failed
    if reason != "Completed":
        return reason
    if any(each.get("ready") and "running" in each.get("state", {}) for each in containers):
        ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())
        return "Running" if ready else failed or "NotReady"
    return failed or reason


def _restarts(containers: Sequence[Status], now: float) -> str:
    count = sum(each.get("restartCount", 0) for each in containers)
    ends = [moment_of(ended["finishedAt"]) for each in containers
            if (ended := each.get("lastState", {}).get("terminated")) and ended.get("finishedAt")]  # fmt: skip
    return f"{count} ({human(now - max(ends))} ago)" if count and ends else str(count)


def wide(pod: Object) -> tuple[str, str, str, str]:
    """IP, NODE, NOMINATED NODE and READINESS GATES."""
    spec, status = pod.get("spec", {}), pod.get("status", {})
    true = {c["type"] for c in status.get("conditions") or () if c.get("status") == "True"}
    gates = [gate["conditionType"] for gate in spec.get("readinessGates") or ()]
    addresses = status.get("podIPs") or [{}]
    return (
        addresses[0].get("ip") or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        f"{sum(gate in true for gate in gates)}/{len(gates)}" if gates else "<none>",
    )
