"""Where a bench runs: the cluster as a bench needs it. The real control plane and the playground are two of them.

What is measured, and with how many Releases, does not belong here.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from bench.controlling import Controller
from tests.controlplane.api import Client


class Place(Protocol):
    """A running cluster with the chart's CRDs, policies and rights, and no controller."""

    name: str
    notes: list[str]
    """What in it is simulated."""
    folder: Path
    """For logs; removed at the end."""
    controller_kubeconfig: Path
    pod_spec: dict[str, Any]
    """What pods need in their spec here."""

    def client(self) -> Client:
        """An administrator's API client."""

    def calls(self, controller: Controller) -> Counter[str]:
        """API calls of the controller so far, by `verb resource[/subresource]`, its Lease aside."""


@contextmanager
def place(name: str) -> Iterator[Place]:
    """Start the place of this name."""
    if name == "real":
        from bench.real import real  # noqa: PLC0415  Needs etcd and the rest, which the playground does not.

        with real() as started:
            yield started
    else:
        from bench.on_playground import playground  # noqa: PLC0415  The other way round.

        with playground() as started:
            yield started
