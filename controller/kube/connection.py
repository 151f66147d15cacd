"""Host, credentials and the pool of connections: the one module that imports `kubernetes`.

The package gives configuration (in-cluster and kubeconfig), authentication with exec plugins, and TLS. What it does by
default and must not do here is switched off in one place: retries, redirects, proxies from the environment. Calls,
bodies and errors do not belong here.

`kubernetes` is imported when a connection is made, not with this module: it costs about a third of a second.
"""

# ruff: noqa: PLC0415  The late imports are the point, see above.

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3

from controller.kube.errors import Unreachable

if TYPE_CHECKING:
    from kubernetes.client.configuration import Configuration

POOL_SIZE = 64  # As many as there are worker threads at most; more work too, but are not kept.
RELOAD_AT_MOST_EVERY = 5.0  # Seconds. A server that refuses us for good must not make us run an exec plugin in a loop.
TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105  A path, no password.


class ConfigurationError(Exception):
    """There is no way to a cluster: no configuration, or one that cannot work. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds: to connect, between two pieces of an answer, and for the whole answer's body."""

    connect: float = 3.0
    read: float = 15.0
    total: float = 30.0


class Connection:
    """One API server: sends requests with credentials, and reads the credentials again when they are refused."""

    def __init__(self, load: Callable[[], "Configuration"], clock: Callable[[], float] = time.monotonic) -> None:
        """`load` reads the configuration, now and again after a 401. Raises ConfigurationError."""
        self._load = load
        self._clock = clock
        self._lock = threading.Lock()
        self._generation = 0
        self._configuration, self._pool = self._connect()
        self._loaded_at = clock()

    @property
    def generation(self) -> int:
        """How many times the credentials have been read again."""
        return self._generation

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, timeouts: Timeouts
    ) -> urllib3.BaseHTTPResponse:
        """Send one request and return the answer with its body unread. Never retries and follows no redirect."""
        with self._lock:
            pool, host, credentials = self._pool, self._configuration.host, self._credentials()
        return pool.request(
            method,
            host + target,
            body=body,
            headers={**headers, **credentials},
            timeout=urllib3.Timeout(connect=timeouts.connect, read=timeouts.read),
            retries=False,  # The default repeats three times and follows redirects.
            redirect=False,
            preload_content=False,
            decode_content=False,
        )

    def renew(self, generation: int) -> bool:
        """After a 401: read the configuration again, unless another thread has. Says whether asking again has a point.

        Covers what the package does not renew by itself: token files, exec plugins that name no expiry, and client
        certificates.
        """
        with self._lock:
            if self._generation != generation:
                return True
            if self._clock() - self._loaded_at < RELOAD_AT_MOST_EVERY:
                return False
            self._loaded_at = self._clock()
            try:
                self._configuration, self._pool = self._connect()
            except (ConfigurationError, OSError):
                return False
            self._generation += 1
            return True

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()

    def _connect(self) -> tuple["Configuration", urllib3.PoolManager]:
        from kubernetes.client.rest import RESTClientObject

        configuration = self._load()
        configuration.connection_pool_maxsize = POOL_SIZE
        configuration.keep_alive = True  # A watch must notice a peer that went away without a word.
        return configuration, RESTClientObject(configuration).pool_manager

    def _credentials(self) -> dict[str, str]:
        """The authorization header, refreshed when due. Under the lock: the package's refresh is not thread-safe."""
        from kubernetes.config.config_exception import ConfigException

        try:
            settings: Mapping[str, Mapping[str, object]] = self._configuration.auth_settings()  # type: ignore[assignment]
        except (ConfigException, OSError, ValueError) as error:
            raise Unreachable("CredentialsUnreadable", f"the credentials cannot be read again: {error}") from error
        value = settings.get("BearerToken", {}).get("value")
        # A token file often ends with a newline, which the package hands on and no header may contain.
        return {"Authorization": str(value).strip()} if value else {}


def plain(host: str, token: str | None = None) -> Connection:
    """A connection to a known address, with a fixed token or none."""

    def load() -> "Configuration":
        configuration = _blank()
        configuration.host = host.rstrip("/")
        if token:
            configuration.api_key["BearerToken"] = f"Bearer {token}"
        return configuration

    return Connection(load)


def in_cluster() -> Connection:
    """The cluster this pod runs in, as its ServiceAccount; the projected token is read again every minute."""

    def load() -> "Configuration":
        from kubernetes.config.config_exception import ConfigException
        from kubernetes.config.incluster_config import load_incluster_config

        configuration = _blank()
        try:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except (ConfigException, OSError) as error:
            raise ConfigurationError(
                f"This process is not in a pod with a ServiceAccount ({error}). "
                "Outside a cluster, name a kubeconfig with --kubeconfig or KUBECONFIG."
            ) from error
        return configuration

    return Connection(load)


def from_kubeconfig(files: str | None = None, context: str | None = None) -> Connection:
    """A context of a kubeconfig. `files` may be several, joined as in KUBECONFIG, which is the default."""
    chosen = files or os.environ.get("KUBECONFIG") or "~/.kube/config"

    def load() -> "Configuration":
        configuration = _blank()
        try:
            _load_kubeconfig(configuration, chosen, context)
        except Exception as error:  # The package lets out whatever YAML, base64 and odd structures raise in it.
            raise ConfigurationError(
                f"The kubeconfig {chosen} cannot be used: {error}. Check it with `kubectl config view`."
            ) from error
        return configuration

    return Connection(load)


def discover(kubeconfig: str | None = None, context: str | None = None) -> Connection:
    """Where to go when nothing more is known: what was named, KUBECONFIG, the pod's own cluster, ~/.kube/config."""
    named = kubeconfig or context or os.environ.get("KUBECONFIG")
    if not named and os.environ.get("KUBERNETES_SERVICE_HOST") and os.path.isfile(TOKEN_FILE):
        return in_cluster()
    return from_kubeconfig(kubeconfig, context)


def _blank() -> "Configuration":
    from kubernetes.client.configuration import Configuration

    # Empty and not None: with None the package takes proxies from the environment, now and whenever the host is set.
    return Configuration(proxy="", no_proxy="")


def _load_kubeconfig(configuration: "Configuration", files: str, context: str | None) -> None:
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

    merged = KubeConfigMerger(files).config  # type: ignore[no-untyped-call]
    if merged is None:
        raise ConfigException("no such file")
    loader = KubeConfigLoader(merged, active_context=context, config_base_path=None)  # type: ignore[no-untyped-call]
    loader.load_and_set(configuration)  # type: ignore[no-untyped-call]
    user = loader.current_context["context"].get("user")
    declared = next((each["user"] for each in merged.value.get("users", []) if each["name"] == user), None)
    # The package logs a failing plugin and goes on without credentials: every call would be refused as anonymous.
    if declared is not None and "exec" in declared and not configuration.api_key and not configuration.cert_file:
        raise ConfigException(f"the exec plugin of user {user!r} gave no credentials; run its command by hand")
