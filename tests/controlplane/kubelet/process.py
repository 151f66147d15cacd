"""One container's process: its own process group, its own root, ended with the kubelet. No Kubernetes in here."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.controlplane.kubelet.files import HOST, on_host
from tests.controlplane.processes import die_with_parent

_CLONE_NEWNS, _MS_BIND, _MS_REC = 0x20000, 0x1000, 0x4000
_libc = ctypes.CDLL(None, use_errno=True)


class Process:
    """A started process. The kubelet has one thread, so work between fork and exec is safe."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], folder: Path, root: Path, log: Path) -> None:
        def enter_root() -> None:
            die_with_parent()
            host = os.fsencode(root / HOST)
            if _libc.unshare(_CLONE_NEWNS) or _libc.mount(b"/", host, None, _MS_BIND | _MS_REC, None):
                raise OSError(ctypes.get_errno(), "no mount namespace for the container")
            os.chroot(root)
            os.chdir(on_host(folder))

        with log.open("ab") as output:
            self._child = subprocess.Popen(
                list(argv),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=enter_root,  # noqa: PLW1509 - this process has one thread.
            )

    async def wait(self) -> int:
        """The exit code, as a container runtime gives it: 128 + n after signal n."""
        ended = asyncio.Event()
        watched = os.pidfd_open(self._child.pid)
        loop = asyncio.get_running_loop()
        loop.add_reader(watched, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(watched)
            os.close(watched)
        code = self._child.wait()
        self._signal(signal.SIGKILL)  # What the process left behind in its group.
        return code if code >= 0 else 128 - code

    def terminate(self) -> None:
        """Ask the process group to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process group."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)
