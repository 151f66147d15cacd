"""Readiness, liveness and startup probes: httpGet and tcpSocket, with Kubernetes' defaults and thresholds."""

import asyncio
import contextlib
from collections.abc import Callable

from tests.controlplane.kubelet.client import Object

_UNTIL_FIRST_SUCCESS = 0.1  # Seconds. Being asked more often until ready only saves tests' time.


async def follow(probe: Object, container: Object, address: str, tell: Callable[[bool], None]) -> None:
    """Ask for ever; `tell` is called when the threshold for success or failure has been reached, each time anew."""
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    period = probe.get("periodSeconds", 10)
    thresholds = {True: probe.get("successThreshold", 1), False: probe.get("failureThreshold", 3)}
    last, in_a_row, succeeded, waited = False, 0, False, 0.0
    while True:
        result = await _ask(probe, container, address)
        waited += _UNTIL_FIRST_SUCCESS
        if result or succeeded or waited >= period:
            waited = 0.0
            in_a_row = in_a_row + 1 if result == last else 1
            last, succeeded = result, succeeded or result
            if in_a_row >= thresholds[result]:
                tell(result)
        await asyncio.sleep(period if succeeded else min(period, _UNTIL_FIRST_SUCCESS))


async def _ask(probe: Object, container: Object, address: str) -> bool:
    try:
        async with asyncio.timeout(probe.get("timeoutSeconds", 1)):
            if "httpGet" in probe:
                return await _get(probe["httpGet"], container, address)
            if "tcpSocket" in probe:
                _, writer = await asyncio.open_connection(address, _port(probe["tcpSocket"]["port"], container))
                writer.close()
                return True
            return True  # exec and gRPC: not supported, taken as passed.
    except (OSError, TimeoutError, ValueError, IndexError):
        return False


async def _get(target: Object, container: Object, address: str) -> bool:
    host = target.get("host") or address
    reader, writer = await asyncio.open_connection(host, _port(target["port"], container))
    with contextlib.closing(writer):
        writer.write(f"GET {target.get('path', '/')} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status_line = await reader.readline()
    return 200 <= int(status_line.split()[1]) < 400


def _port(port: int | str, container: Object) -> int:
    if isinstance(port, int) or port.isdigit():
        return int(port)
    named = {p.get("name"): p["containerPort"] for p in container.get("ports", [])}
    return int(named.get(port, 0))
