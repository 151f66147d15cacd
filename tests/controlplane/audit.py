"""Count API calls: the API server's audit log, one line per request, as values.

Watches are logged when they begin, everything else when it has been answered. Nothing is filtered: tests filter.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [
        {"level": "Metadata", "verbs": ["watch"], "omitStages": ["RequestReceived", "ResponseComplete"]},
        {"level": "Metadata", "omitStages": ["RequestReceived", "ResponseStarted"]},
    ],
}


_POD = "authentication.kubernetes.io/pod-name"


class Call(NamedTuple):
    """One request to the API server. `time` is when it was answered, RFC 3339 with microseconds; `pod` is whose token it had."""

    user: str
    verb: str
    resource: str
    subresource: str
    name: str
    namespace: str
    code: int
    time: str
    pod: str
    dry_run: bool


def read(log: Path) -> list[Call]:
    """All calls so far, oldest first."""
    lines = log.read_bytes().splitlines(keepends=True) if log.exists() else []
    return [_parse(json.loads(line)) for line in lines if line.endswith(b"\n")]


def _parse(event: dict[str, Any]) -> Call:
    target = event.get("objectRef", {})
    return Call(
        user=event["user"]["username"], verb=event["verb"], resource=target.get("resource", ""),
        subresource=target.get("subresource", ""), name=target.get("name", ""), namespace=target.get("namespace", ""),
        code=event.get("responseStatus", {}).get("code", 0), time=event["stageTimestamp"],
        pod=next(iter(event["user"].get("extra", {}).get(_POD, ())), ""), dry_run="dryRun=" in event["requestURI"],
    )  # fmt: skip
