"""A cluster to try things in: where it is, the MetricSource that gates ask in it, and what its user is told."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.api.names import GROUP, VERSION
from controller.kube import paths
from controller.kube.client import Client
from controller.kube.connection import ConfigurationError, from_kubeconfig
from controller.kube.errors import AlreadyExists, ApiError, Forbidden

Object = dict[str, Any]
_RELEASE = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Release", "metadata": {"name": "probe", "annotations": {
    f"{GROUP}/abort": "true"}}, "spec": {"workloadRef": {"name": "probe"}}}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """Where it is. `kubeconfig` is the administrator's; `notes` are further lines about it."""

    kubeconfig: Path
    prometheus: str
    notes: tuple[str, ...] = ()


def answering(kubeconfig: Path) -> Callable[[Callable[[Client], object]], bool]:
    """A question to ask again and again: whether this call has an answer yet. Refusals by right are answers."""

    def ask(call: Callable[[Client], object]) -> bool:
        try:
            with closing(from_kubeconfig(str(kubeconfig))) as connection:
                call(Client(connection, field_manager="releasectl"))
        except AlreadyExists:
            return True
        except Forbidden:
            raise
        except (ApiError, ConfigurationError):
            return False
        return True

    return ask


def make_source(address: str, tls: Object) -> Callable[[Client], object]:
    """The call that makes the MetricSource `default`."""
    source = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "MetricSource", "metadata": {"name": "default"},
              "spec": {"address": address, "tls": tls}}  # fmt: skip
    return lambda client: client.create(paths.METRIC_SOURCES.path(), source)


def takes_releases(client: Client) -> object:
    """The call that succeeds once definitions and policies are known to the API server: a Release, not kept."""
    return client.create(paths.RELEASES.path("default"), _RELEASE, {"dryRun": "All"})


def told(cluster: Trying, kubeconfig: Path, what: str) -> str:
    """How to use it."""
    examples = "examples/01-canary"
    return "\n".join((
        f"{what}",
        "",
        f"  export KUBECONFIG={kubeconfig}",
        "",
        f"  Prometheus: {cluster.prometheus}   MetricSource: default",
        *(f"  {note}" for note in cluster.notes),
        "",
        "In another terminal, at the top of the source tree:",
        "",
        "  kubectl create namespace shop",
        f"  kubectl -n shop apply -f {examples}/shop.yaml",
        f"  sed 's/source: shop-metrics/source: default/' {examples}/release.yaml | kubectl -n shop apply -f -",
        "  kubectl -n shop wait release/shop --for=condition=Ready --timeout=60s",
        "  kubectl -n shop set image deployment/shop shop=shop:2",
        "  releasectl -h; releasectl watch shop -n shop",
        "",
        "Ctrl-C ends it; nothing is left behind.",
    ))  # fmt: skip
