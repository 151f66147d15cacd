"""Passwords, tokens and keys: read from Secrets in the controller's own namespace, by name, and nowhere else."""

import base64

from controller.kube import paths
from controller.kube.errors import Forbidden, NotFound
from controller.reconcile.cluster import Cluster
from strategies.spec.metric_source import SecretKey

SECRETS_TRUSTED = 60.0
"""Seconds after which Secrets are read again, so that a rotated password is noticed."""
SECRETS_MISSED = 2.0
"""The same where they could not be read: Releases that wait for one must not ask for it in every turn."""


class Secrets:
    """Those of the controller's namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster, self._namespace = cluster, namespace

    def read(self, at: SecretKey | None) -> str:
        """The value; "" of none. Raises LookupError with what to do, or ApiError."""
        if at is None:
            return ""
        where = f"Secret {at.name} in namespace {self._namespace}, the controller's own,"
        try:
            secret = self._cluster.client.get(paths.SECRETS.path(self._namespace, at.name))
        except NotFound as error:
            raise LookupError(f"{where} does not exist; create it with the key {at.key}") from error
        except Forbidden as error:
            raise LookupError(f"{where} may not be read; name it in the chart's values: metricSources.secretNames, or secretName "
                              "of the webhook or of who is notified") from error  # fmt: skip
        data = secret.get("data") or {}
        if at.key not in data:
            raise LookupError(f"{where} has no key {at.key}; add it, or name the key that it has")
        return base64.b64decode(data[at.key]).decode()
