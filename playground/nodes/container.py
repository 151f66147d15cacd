"""One container's life: pulled, started, ready, crashed, restarted with back-off; and what its status says meanwhile.

Nothing is polled: an image's behaviour says when its process will be ready or crash, and the probes say when that is noticed.
What happens to the pod as a whole is the pod's business.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from playground.apiserver.objects import Object, timestamp
from playground.loop import Timer
from playground.nodes.application import Application
from playground.nodes.images import behaviour_of

if TYPE_CHECKING:
    from playground.nodes.pod import Pod

FIRST_BACK_OFF, LONGEST_BACK_OFF = 10.0, 300.0
_FORGIVEN_AFTER = 2 * LONGEST_BACK_OFF
_FIRST_SIGN_OF_A_FAILED_PULL = 0.5
_UNTIL_FIRST_SUCCESS = 0.1
"""A probe that has not succeeded yet asks so often: the wait for the next period would teach nobody anything."""


class Container:
    """`status` is always what the pod's status should say about it; `application` is there while its process runs,
    `log` what all its processes have written.
    """

    def __init__(self, pod: "Pod", spec: Object) -> None:
        self._pod, self.spec = pod, spec
        literal = {entry["name"]: entry.get("value", "") for entry in spec.get("env") or [] if "valueFrom" not in entry}
        self.behaviour = behaviour_of(spec["image"], literal)
        self.application: Application | None = None
        self.log = ""
        self._timers: list[Timer] = []
        self._back_off = 0.0
        self._restarts = 0
        self._started_at = 0.0
        self.status: Object = {
            "name": spec["name"], "image": spec["image"], "imageID": "", "ready": False, "started": False,
            "restartCount": 0, "state": _waiting("ContainerCreating"), "lastState": {},
        }  # fmt: skip

    def create(self) -> None:
        """Pull the image and start."""
        if not self.behaviour.pullable:
            self._fail_to_pull(FIRST_BACK_OFF)
            return
        self._pod.tell(f'Container image "{self.spec["image"]}" already present on machine', "Pulled")
        self._pod.tell(f"Created container: {self.spec['name']}", "Created")
        self._after(self.behaviour.starts_within, "starts", self._start)

    def stop(self) -> None:
        """Never do anything of its own again; the process goes on until `end`."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def end(self, code: int) -> None:
        """The process is gone: what has run says how it ended."""
        self.stop()
        if self.application is not None:
            self._terminated(code)

    @property
    def lasts(self) -> float:
        """Seconds from the request to stop until it has stopped of itself."""
        pause = ((self.spec.get("lifecycle") or {}).get("preStop") or {}).get("sleep") or {}
        return float(pause.get("seconds", 0)) + self.behaviour.lingers if self.application else 0.0

    def _after(self, seconds: float, what: str, action: Callable[[], None]) -> None:
        self._timers = [timer for timer in self._timers if timer.action is not None and timer.due >= self._pod.loop.now()]
        self._timers.append(self._pod.loop.later(seconds, f"kubelet {self._pod} {self.spec['name']} {what}", action))

    def _say(self, **changes: object) -> None:
        self.status = self.status | changes
        self._pod.publish()

    def _fail_to_pull(self, back_off: float) -> None:
        image = self.spec["image"]
        failure = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": not found'
        self._pod.warn(f'Failed to pull image "{image}": {failure}', "Failed")
        self._pod.warn("Error: ErrImagePull", "Failed")
        self._say(state=_waiting("ErrImagePull", failure))

        def wait() -> None:
            self._pod.warn(f'Back-off pulling image "{image}"', "BackOff")
            message = f'Back-off pulling image "{image}": ErrImagePull: {failure}'
            self._say(state=_waiting("ImagePullBackOff", message))
            self._after(back_off, "pulls again", lambda: self._fail_to_pull(min(back_off * 2, LONGEST_BACK_OFF)))

        self._after(_FIRST_SIGN_OF_A_FAILED_PULL, "waits to pull again", wait)

    def _start(self) -> None:
        self._pod.tell(f"Started container {self.spec['name']}", "Started")
        self.application = Application(self.behaviour)
        self._started_at = self._pod.loop.now()
        previous = self.status["state"] if "terminated" in self.status["state"] else self.status["lastState"]
        startup, readiness = (self._succeeds_after(kind) for kind in ("startupProbe", "readinessProbe"))
        self._say(
            state={"running": {"startedAt": timestamp(self._started_at)}}, lastState=previous, restartCount=self._restarts,
            imageID=f"docker.io/{self.spec['image']}", containerID=f"playground://{self._pod.uid}/{self._restarts}",
            started=startup == 0, ready=startup == 0 and readiness == 0,
        )  # fmt: skip
        if self.behaviour.ends_after is not None:
            self._after(self.behaviour.ends_after, "ends", self._end_by_itself)
        if startup:
            self._after(startup, "has started up", lambda: self._say(started=True, ready=readiness == 0))
        if readiness and startup is not None:
            self._after(max(startup, readiness), "is ready", lambda: self._say(started=True, ready=True))
        self._watch_for_failing_probes(startup, readiness)

    def _succeeds_after(self, kind: str) -> float | None:
        """Seconds after the start at which this probe first says yes; 0 where there is none; None: never."""
        probe = self.spec.get(kind)
        if not probe:
            return 0.0
        ready_after = self.behaviour.ready_after if "httpGet" in probe else 0.0
        if ready_after is None:
            return None
        often: float = min(probe.get("periodSeconds", 10), _UNTIL_FIRST_SUCCESS)
        delay: float = probe.get("initialDelaySeconds", 0)
        tries = max(0.0, -(-(ready_after - delay) // often))
        more: float = (probe.get("successThreshold", 1) - 1) * probe.get("periodSeconds", 10)
        return delay + tries * often + more

    def _watch_for_failing_probes(self, startup: float | None, readiness: float | None) -> None:
        """Say once per start that a probe fails; a startup probe that fails too often ends the process."""
        for kind, word, success in (("startupProbe", "Startup", startup), ("readinessProbe", "Readiness", readiness)):
            probe = self.spec.get(kind) or {}
            patience = probe.get("initialDelaySeconds", 0) + probe.get("periodSeconds", 10)
            if success is None or success > patience:
                said = f"{word} probe failed: HTTP probe failed with statuscode: 503"
                self._after(patience, f"fails its {kind}", partial(self._pod.warn, said, "Unhealthy"))
        probe = self.spec.get("startupProbe") or {}
        allowed = probe.get("initialDelaySeconds", 0) + probe.get("failureThreshold", 3) * probe.get("periodSeconds", 10)
        if startup is None or startup > allowed:
            self._after(allowed, "is killed", lambda: self._crash(137))

    def _end_by_itself(self) -> None:
        code = self.behaviour.exit_code
        self.log += f"{'crashing' if code else 'done'}, as the image's tag says\n"
        self._crash(code)

    def _crash(self, code: int) -> None:
        ran = self._pod.loop.now() - self._started_at
        self.stop()
        self._terminated(code)
        if not self._pod.restarts(code):
            return
        if ran >= _FORGIVEN_AFTER:
            self._back_off = 0.0
        self._restarts += 1
        if self._back_off:
            name = self.spec["name"]
            message = f"back-off {_duration(self._back_off)} restarting failed container={name} pod={self._pod.full_name}"
            self._pod.warn(f"Back-off restarting failed container {name} in pod {self._pod.full_name}", "BackOff")
            self._say(state=_waiting("CrashLoopBackOff", message), lastState=self.status["state"])
        self._after(self._back_off, "is restarted", self.create)
        self._back_off = min(self._back_off * 2 or FIRST_BACK_OFF, LONGEST_BACK_OFF)

    def _terminated(self, code: int) -> None:
        self.application = None
        ended = {
            "exitCode": code, "reason": "Completed" if code == 0 else "Error", "startedAt": timestamp(self._started_at),
            "finishedAt": timestamp(self._pod.loop.now()), "containerID": self.status["containerID"],
        }  # fmt: skip
        self._say(state={"terminated": ended}, ready=False, started=False)


def _waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason} | ({"message": message} if message else {})}


def _duration(seconds: float) -> str:
    """As Go writes it: 40s, 1m20s, 5m0s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
