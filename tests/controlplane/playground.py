"""The playground as a cluster under test: in a thread of this process, over HTTPS, with the users that all tests know.

As our own control plane it has nothing of the product installed but the definitions of its resources, which cannot be missed.
"""

import os
from pathlib import Path
from typing import Self

import pytest

from playground.installing import resource_of
from playground.policies.installation import GROUP, Installation, objects
from playground.server import Serving
from tests.controlplane import access, binaries
from tests.controlplane.api import Client
from tests.controlplane.cluster import Cluster


class PlaygroundCluster(Cluster):
    """A playground of its own, for the time of a `with` block."""

    has_kubelet = True  # Its pods run, as far as the API can tell.

    def __init__(self) -> None:
        super().__init__()
        self.serving = Serving()
        self._clients: dict[str, Client] = {}

    def __enter__(self) -> Self:
        self.serving.__enter__()
        for policy in objects(Installation()):
            plural = resource_of(policy).removesuffix(f".{GROUP}")
            self.api("DELETE", f"/apis/{GROUP}/v1/{plural}/{policy['metadata']['name']}")
        return self

    def __exit__(self, *_: object) -> None:
        self.serving.__exit__(None, None, None)

    def client(self, user: str = "admin") -> Client:
        """The API client of this user; one for all calls."""
        if user not in self._clients:
            headers = {"Authorization": f"Bearer {self.serving.token(user)}", "User-Agent": f"test-{user}"}
            self._clients[user] = Client(self.serving.url, headers, access.trusting(self.serving.ca))
        return self._clients[user]

    def _command(self, name: str, user: str) -> list[str]:
        cache = ["--cache-dir", str(self.serving.folder / "discovery")] if name == "kubectl" else []
        return [str(program(name)), "--kubeconfig", str(self.serving.kubeconfig(user)), *cache]


def program(name: str) -> Path:
    """kubectl or helm. Where there is none, the test is skipped: the playground needs neither. But not in CI."""
    try:
        return binaries.path(name)
    except binaries.Missing as problem:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(problem))
