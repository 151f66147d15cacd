"""Child processes that never outlive us: ended by pid when asked, and by the kernel when this process dies.

Nothing that knows Kubernetes belongs here.
"""

import ctypes
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_parent() -> None:
    """In a child, between fork and exec: be killed when the parent's thread that forked us ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(argv: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a program whose output goes to `log`. Call it from a thread that lives as long as the program shall."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(argument) for argument in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**(os.environ if environment is None else environment)},
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, no locks.
        )


def end(process: subprocess.Popen[bytes], patience: float = 5.0) -> None:
    """SIGTERM, then SIGKILL after `patience` seconds; returns when the process is gone."""
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def is_ready(url: str) -> bool:
    """Whether what listens there calls itself ready, as Prometheus and Alertmanager do."""
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2):
            return True
    except OSError:
        return False


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on now. In a namespace of our own nobody else takes it meanwhile."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
