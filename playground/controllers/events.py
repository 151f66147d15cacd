"""Events that controllers leave on the objects they touch: what `kubectl describe` and `kubectl get events` show."""

from playground.apiserver.client import Client
from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Object, timestamp
from playground.loop import Loop

REMEMBERED = 4096
"""Of how many events it is known that they were told before."""


class Recorder:
    """Events of one component. The same event again is counted up, not written anew; one that is refused is lost, and so are all
    where there is no audience.
    """

    def __init__(self, loop: Loop, client: Client, component: str) -> None:
        self._loop = loop
        self._client = client
        self._component = component
        self._counts: dict[tuple[str, str, str], tuple[str, int]] = {}

    def normal(self, about: Object, reason: str, message: str) -> None:
        """Something was done."""
        self._record(about, "Normal", reason, message)

    def warning(self, about: Object, reason: str, message: str) -> None:
        """Something failed."""
        self._record(about, "Warning", reason, message)

    def _record(self, about: Object, kind: str, reason: str, message: str) -> None:
        if not self._client.audience:
            return
        identity = (about["metadata"]["uid"], reason, message)
        namespace, now = about["metadata"]["namespace"], timestamp(self._loop.now())
        name, count = self._counts.get(identity, ("", 0))
        try:
            if count and self._client.find("events", name, namespace):
                self._client.patch("events", name, namespace, {"count": count + 1, "lastTimestamp": now}, "strategic")
            else:
                name, count = self._create(about, self._event(about, kind, (reason, message), now)), 0
        except ApiError:
            return
        self._counts[identity] = (name, count + 1)
        if len(self._counts) > REMEMBERED:
            del self._counts[next(iter(self._counts))]

    def _create(self, about: Object, event: Object) -> str:
        """Under a name of its own: that of the object and the moment, or the next one that is free. Raises ApiError."""
        number = int(self._loop.now() * 1e6) * 1000
        while True:
            name = f"{about['metadata']['name']}.{number:x}"
            try:
                self._client.create("events", event | {"metadata": event["metadata"] | {"name": name}})
            except ApiError as refused:
                if refused.reason != "AlreadyExists":
                    raise
                number += 1
            else:
                return name

    def _event(self, about: Object, kind: str, what: tuple[str, str], now: str) -> Object:
        metadata = about["metadata"]
        return {
            "apiVersion": "v1", "kind": "Event", "metadata": {"namespace": metadata["namespace"]},
            "involvedObject": {
                "kind": about["kind"], "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"],
                "apiVersion": about["apiVersion"], "resourceVersion": metadata["resourceVersion"],
            },
            "reason": what[0], "message": what[1], "source": {"component": self._component}, "type": kind,
            "firstTimestamp": now, "lastTimestamp": now, "count": 1, "eventTime": None,
            "reportingComponent": self._component, "reportingInstance": "",
        }  # fmt: skip
