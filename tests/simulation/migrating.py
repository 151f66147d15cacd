"""The invariants of migrations, held against the raw Jobs and ReplicaSets after every write of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from controller.api import names

if TYPE_CHECKING:
    from tests.simulation.look import Look
    from tests.simulation.process import Process

Object = dict[str, Any]


class Migrations:
    """What was run so far."""

    def __init__(self) -> None:
        self._started: dict[str, str] = {}
        """By name: uid of the Job that ran."""
        self._ended: set[tuple[str, str]] = set()
        self._running: dict[str, str] = {}

    def written(self, look: Look, kind: str, _before: Object | None, now: Object, writer: Process | None) -> None:
        """S7: none runs twice for one revision, none beside another, and none is stopped in its middle by us."""
        metadata = now["metadata"]
        migration = (metadata.get("labels") or {}).get(names.MIGRATION)
        if migration is None:
            return
        name, ended = metadata["name"], [c["type"] for c in (now.get("status") or {}).get("conditions") or []]
        if kind != "DELETED" and not now["spec"].get("suspend") and self._started.get(name) != metadata["uid"]:
            assert name not in self._started, f"S7: Job {name} runs a second time"
            assert not self._running, f"S7: migration {migration} runs beside {self._running}"
            self._started[name], self._running[name] = metadata["uid"], migration
        if {"Complete", "Failed"} & set(ended) or kind == "DELETED":
            self._running.pop(name, None)
        if "Complete" in ended and name.endswith("-migrate"):
            self._ended.add((migration, metadata["labels"][names.STEP]))
        going = kind == "DELETED" or "deletionTimestamp" in metadata
        if going and writer is not None and not now["spec"].get("suspend") and not {"Complete", "Failed"} & set(ended):
            raise AssertionError(f"S7: Job {name} was deleted while it ran")

    def candidate(self, look: Look, found: Object) -> None:
        """S3: no candidate exists before all that its release waits for have run."""
        hash_ = (found["metadata"].get("labels") or {}).get(names.HASH, "")
        for record in look.status.get("migrations") or []:
            if record["release"] == hash_:
                ran = (record["name"], record["revision"]) in self._ended
                assert ran, f"S3: the candidate was made, and migration {record['name']} had not run"
