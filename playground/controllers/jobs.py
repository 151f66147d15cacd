"""The Job controller: pods until enough of them have succeeded, or too many failed, or the time is over; and then no more.

Pods are counted from the API at the moment of the decision. What is not done, on purpose: indexes, success and failure
policies, and the finalizer by which the real one counts pods that somebody else deletes.
"""

from typing import Any

from playground.apiserver.client import Client
from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Key, Object, key_of, moment_of, timestamp
from playground.controllers import pods
from playground.controllers.events import Recorder
from playground.controllers.metadata import controlled_by, controller_key, is_deleted
from playground.controllers.queue import Queue
from playground.loop import Loop

JOBS = "jobs.batch"
FIRST_BACK_OFF, LONGEST_BACK_OFF = 10.0, 600.0
_LIMIT = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_DEADLINE = ("DeadlineExceeded", "Job was active longer than specified deadline")
_ENOUGH = ("CompletionsReached", "Reached expected number of succeeded pods")


class JobController:
    """Runs every Job of the cluster. The client is that of the user whose name its writes bear."""

    def __init__(self, loop: Loop, client: Client) -> None:
        self._loop, self._client = loop, client
        self._recorder = Recorder(loop, client, "job-controller")
        self._queue: Queue[Key] = Queue(loop, "job", self._sync)

    def start(self) -> None:
        """Begin to watch."""
        self._client.watch(JOBS, lambda _, found: self._queue.add(key_of(found)))
        self._client.watch("pods", self._on_pod)

    def _on_pod(self, _: str, pod: Object) -> None:
        owner = controller_key(pod, "Job")
        if owner:
            self._queue.add(owner)

    def _sync(self, key: Key) -> None:
        job = self._client.find(JOBS, key[1], key[0])
        if job is None or is_deleted(job):
            return
        status: Object = job.get("status") or {}
        if has_condition(status, "Complete") or has_condition(status, "Failed"):
            self._expire(key, job, status)
            return
        owned = self._client.owned("pods", job["metadata"]["uid"], key[0])
        # Time runs from when it begins, or goes on.
        since = None if job["spec"].get("suspend") else status.get("startTime") or timestamp(self._loop.now())
        counts = Counts(owned, status)
        end = self._end(key, job, counts, since)
        wanted: Object = {"ready": counts.ready, "terminating": counts.terminating, "uncountedTerminatedPods": {}}
        wanted |= {"startTime": since} if since else {}
        wanted |= {name: count for name, count in
                   (("active", counts.active), ("succeeded", counts.succeeded), ("failed", counts.failed)) if count}  # fmt: skip
        conditions = list(status.get("conditions") or [])
        if end is None:
            self._run(key, job, counts, owned)
            conditions = self._told(job, conditions)
        else:
            conditions = self._ending(job, counts, conditions, end, owned)
            if has_condition({"conditions": conditions}, "Complete"):
                wanted["completionTime"] = timestamp(self._loop.now())
        wanted |= {"conditions": conditions} if conditions else {}
        if wanted != status:
            self._client.update(JOBS, job | {"status": wanted}, "status")

    def _told(self, job: Object, conditions: list[Object]) -> list[Object]:
        """With whether it is suspended, if it is or ever was."""
        suspended = bool(job["spec"].get("suspend"))
        if suspended == has_condition({"conditions": conditions}, "Suspended"):
            return conditions
        told = ("JobSuspended", "Job suspended") if suspended else ("JobResumed", "Job resumed")
        self._recorder.normal(job, "Suspended" if suspended else "Resumed", told[1])
        others = [each for each in conditions if each["type"] != "Suspended"]
        return [*others, {**self._condition("Suspended", told), "status": str(suspended)}]

    def _end(self, key: Key, job: Object, counts: "Counts", since: str | None) -> tuple[str, str] | None:
        """Why no pod is to run any more; None while some are."""
        spec = job["spec"]
        if has_condition(job.get("status") or {}, "FailureTarget"):
            return next((one["reason"], one["message"]) for one in job["status"]["conditions"] if one["type"] == "FailureTarget")
        if counts.succeeded >= spec["completions"]:
            return _ENOUGH
        limit = spec["backoffLimit"]
        restarted = counts.restarts >= max(limit, 1) if spec["template"]["spec"]["restartPolicy"] == "OnFailure" else False
        if counts.failed > limit or restarted:
            return _LIMIT
        if since is not None and (allowed := spec.get("activeDeadlineSeconds")) is not None:
            left = moment_of(since) + allowed - self._loop.now()
            if left <= 0:
                return _DEADLINE
            self._queue.later(key, left)
        return None

    def _run(self, key: Key, job: Object, counts: "Counts", owned: list[Object]) -> None:
        """Pods that are missing; none while it is suspended."""
        spec = job["spec"]
        if spec.get("suspend"):
            self._end_pods(owned)
            return
        missing = min(spec["parallelism"], spec["completions"] - counts.succeeded) - counts.active
        if missing <= 0:
            return
        wait = _back_off(owned) - self._loop.now()
        if wait > 0:
            self._queue.later(key, wait)
            return
        for _ in range(missing):
            self._make_pod(job)

    def _ending(
        self, job: Object, counts: "Counts", conditions: list[Object], end: tuple[str, str], owned: list[Object]
    ) -> list[Object]:
        """Pods that still run are ended first; only then is the Job over."""
        first, last = ("SuccessCriteriaMet", "Complete") if end is _ENOUGH else ("FailureTarget", "Failed")
        if not has_condition({"conditions": conditions}, first):
            conditions = [*conditions, self._condition(first, end)]
        self._end_pods(owned)
        if counts.active or counts.terminating:
            return conditions
        tell: Any = self._recorder.normal if last == "Complete" else self._recorder.warning
        tell(job, *(("Completed", "Job completed") if last == "Complete" else end))
        return [*conditions, self._condition(last, end)]

    def _end_pods(self, owned: list[Object]) -> None:
        for pod in owned:
            if pods.is_active(pod):
                self._client.delete("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])

    def _condition(self, kind: str, end: tuple[str, str]) -> Object:
        now = timestamp(self._loop.now())
        return {"type": kind, "status": "True", "reason": end[0], "message": end[1], "lastProbeTime": now,
                "lastTransitionTime": now}  # fmt: skip

    def _make_pod(self, job: Object) -> None:
        template, metadata = job["spec"]["template"], job["metadata"]
        kept = {key: value for key, value in template["metadata"].items() if key in ("labels", "annotations")}
        body = {
            "apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
            "metadata": {**kept, "generateName": f"{metadata['name']}-",
                         "ownerReferences": [controlled_by(job, "batch/v1", "Job")]},
        }  # fmt: skip
        try:
            pod = self._client.create("pods", body, metadata["namespace"])
        except ApiError as refused:
            self._recorder.warning(job, "FailedCreate", f"Error creating: {refused.message}")
            raise
        self._recorder.normal(job, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    def _expire(self, key: Key, job: Object, status: Object) -> None:
        """It goes by itself some time after its end, if it says so."""
        after = job["spec"].get("ttlSecondsAfterFinished")
        if after is None:
            return
        ended = max(moment_of(one["lastTransitionTime"]) for one in status["conditions"])
        left = ended + after - self._loop.now()
        if left > 0:
            self._queue.later(key, left)
        else:
            self._client.delete(JOBS, key[1], key[0], uid=job["metadata"]["uid"], propagation="Foreground")


class Counts:
    """The Job's pods, by what became of them. What was counted once stays counted."""

    def __init__(self, owned: list[Object], status: Object) -> None:
        active = [pod for pod in owned if pods.is_active(pod)]
        self.active, self.ready = len(active), sum(map(pods.is_ready, active))
        self.terminating = sum(is_deleted(pod) and not pods.has_ended(pod) for pod in owned)
        self.restarts = sum(map(pods.restarts, active))
        self.succeeded = max(status.get("succeeded", 0), sum(pods.phase(pod) == "Succeeded" for pod in owned))
        self.failed = max(status.get("failed", 0), sum(pods.phase(pod) == "Failed" for pod in owned))


def has_condition(status: Object, kind: str) -> bool:
    """Whether a condition of this type is true."""
    return any(one["type"] == kind and one["status"] == "True" for one in status.get("conditions") or ())


def _back_off(owned: list[Object]) -> float:
    """Before when no other pod is made: after failures, ever later."""
    failed = [pod for pod in owned if pods.phase(pod) == "Failed"]
    if not failed:
        return 0.0
    return max(map(_finished, failed)) + min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2.0 ** (len(failed) - 1))


def _finished(pod: Object) -> float:
    states = [one.get("state", {}).get("terminated") for one in pod["status"].get("containerStatuses") or ()]
    return max((moment_of(one["finishedAt"]) for one in states if one and one.get("finishedAt")), default=0.0)
