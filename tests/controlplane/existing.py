"""Somebody else's cluster (kind, say), for the tests that do not need our kubelet.

Reached through `kubectl proxy`, which knows every way to log in; alice and bob are impersonated.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.controlplane import access, binaries, processes
from tests.controlplane.api import ApiFailure, Client
from tests.controlplane.cluster import Cluster


class ExistingCluster(Cluster):
    """The cluster of a kubeconfig's current context, in which the user must be an admin."""

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__()
        self._kubeconfig = kubeconfig
        self._users = access.users()

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="existing-cluster-"))
        argv: list[str | Path] = [binaries.path("kubectl"), "--kubeconfig", self._kubeconfig, "proxy", "--port=0"]
        log = self._folder / "proxy.log"
        self._proxy: subprocess.Popen[bytes] = processes.start(argv, log)
        port = self.wait_for(lambda: re.search(r"127\.0\.0\.1:(\d+)", log.read_text()), what="kubectl proxy")
        self._server = f"http://127.0.0.1:{port and port[1]}"
        for path, body in access.BINDINGS:
            try:
                self.api("POST", path, body)
            except ApiFailure as failure:
                if failure.status != 409:
                    raise
        return self

    def __exit__(self, *_: object) -> None:
        processes.end(self._proxy)
        shutil.rmtree(self._folder, ignore_errors=True)

    def client(self, user: str = "admin") -> Client:
        """The API client of this user, impersonated unless it is the admin."""
        known = self._users[user]
        headers = {} if user == "admin" else {"Impersonate-User": known.full_name}
        if known.groups and user != "admin":
            headers["Impersonate-Group"] = known.groups[0]
        return Client(self._server, headers, None)

    def _command(self, program: str, user: str) -> list[str]:
        command = [str(binaries.path(program)), "--kubeconfig", str(self._kubeconfig)]
        known, as_user, as_group = self._users[user], "--as", "--as-group"
        if user == "admin":
            return command
        if program == "helm":
            as_user, as_group = "--kube-as-user", "--kube-as-group"
        return [*command, as_user, known.full_name, *(part for g in known.groups for part in (as_group, g))]
