"""The demo from its beginning to its end: cluster, controller, acts, table. What is told and measured stands in the acts."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from playground.apiserver import people
from playground.demo.screen import Screen
from playground.demo.stage import GROUP, NotAsTold, Stage
from playground.demo.story import STORY, Promise
from playground.server import Serving

_HOME = "release-coordinator"
_AUTHORITY = "playground-authority"


def tell() -> int:
    """Tell the story; the exit status: 0 all kept, 1 a promise broken. Raises KeyboardInterrupt, nothing running any more."""
    console = Console()
    screen = Screen(console)
    promises: list[tuple[str, Promise]] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="demo-") as folder,
            Serving(port=0) as serving,
            _controller(serving, Path(folder)),
        ):
            screen.tell("a cluster in one process, and the controller beside it")
            stages = {namespace: Stage(serving, namespace) for namespace in dict.fromkeys(each for each, _, _ in STORY)}
            for namespace, title, act in STORY:
                screen.title(title, act.__doc__ or "")
                with screen.live(stages[namespace]):
                    promises += [(namespace, promise) for promise in act(stages[namespace], screen.tell)]
    except NotAsTold as problem:
        console.print(f"[bold red]not as told:[/] {problem}")
        return 1
    screen.table(promises)
    return 0 if all(promise.kept for _, promise in promises) else 1


@contextmanager
def _controller(serving: Serving, folder: Path) -> Iterator[None]:
    """The product's controller, a process like any other client of the cluster, and where it finds metrics."""
    admin = serving.cluster.api.client("admin")
    authority = {"metadata": {"name": _AUTHORITY}, "stringData": {"ca.crt": serving.ca.read_text(encoding="ascii")}}
    source = {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "MetricSource",
        "metadata": {"name": "default"},
        "spec": {
            "address": f"{serving.url}/prometheus",
            "labels": {"namespace": "$namespace"},
            "tls": {"authorities": {"name": _AUTHORITY, "key": "ca.crt"}},
        },
    }
    serving.do(lambda: admin.create("secrets", authority, _HOME))
    serving.do(lambda: admin.create(f"metricsources.{GROUP}", source))
    settings = {
        "KUBECONFIG": str(serving.kubeconfig(people.CONTROLLER)),
        "LEASE_NAMESPACE": _HOME,
        "BIND": "127.0.0.1",
        "HEALTH_PORT": "0",
        "METRICS_PORT": "0",
    }
    environment = os.environ | {f"RELEASE_COORDINATOR_{name}": value for name, value in settings.items()}
    environment["TMPDIR"] = str(folder)  # What it writes goes with our folder, however it ends.
    log = folder / "controller.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "controller", "run"], env=environment, stdout=output, stderr=output)
        try:
            _wait_for_leader(serving, process, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for_leader(serving: Serving, process: "subprocess.Popen[bytes]", log: Path) -> None:
    admin = serving.cluster.api.client("admin")
    deadline = time.monotonic() + 30
    while not serving.do(lambda: admin.find("leases.coordination.k8s.io", "release-coordinator", _HOME)):
        if process.poll() is not None or time.monotonic() > deadline:
            last_lines = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise NotAsTold(f"the controller did not start; it said last:\n{last_lines}")
        time.sleep(0.05)
