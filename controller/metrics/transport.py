"""The HTTP session of metric sources and webhooks: nothing that answers, however slowly or hugely, can hold or fill us.

One deadline covers a whole query from connecting to the last byte, also against a server that sends a byte a second:
every receive waits at most until then. Bodies are bounded and never decompressed, redirects are not followed, the
environment's proxies and passwords are not read, and addresses of machines' metadata services are refused after the
name was resolved, on the very address that is connected to. No knowledge of Prometheus belongs here, and no way to
switch certificate checks off.
"""

import ipaddress
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_deadline: ContextVar[float] = ContextVar("deadline_of_the_query")
_largest: ContextVar[int] = ContextVar("largest_body_of_the_query", default=0)
_abroad: ContextVar[bool] = ContextVar("not_on_this_machine", default=False)
_BLOCKED = tuple(map(ipaddress.ip_network, (
    "169.254.0.0/16", "fe80::/10",         # link-local: the metadata services of most clouds
    "fd00:ec2::254/128", "100.100.100.200/32",  # those of two clouds that chose other addresses
)))  # fmt: skip
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_CHUNK = 65536


class DeadlinePassed(Exception):
    """The query took longer than its deadline."""


class Blocked(Exception):
    """The name resolves to an address that nobody may be asked at."""


class TooLarge(Exception):
    """The body is larger than the limit, which is its argument."""


class Encoded(Exception):
    """The body is compressed, although that was not asked for."""


@contextmanager
def deadline(seconds: float, body_limit: int = 0, *, abroad: bool = False) -> Iterator[None]:
    """Let everything that this thread does with a session of ours end within so many seconds; `body_limit` is in the session's
    stead. `abroad`: addresses of this machine are refused, too.
    """
    token, largest = _deadline.set(time.monotonic() + seconds), _largest.set(body_limit)
    away = _abroad.set(abroad)
    try:
        yield
    finally:
        _abroad.reset(away)
        _deadline.reset(token)
        _largest.reset(largest)


def remaining() -> float:
    """Seconds left. Raises DeadlinePassed when there are none."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise DeadlinePassed
    return left


class _Socket(socket.socket):
    """A socket whose every receive ends with the deadline, however many bytes have come before."""

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        self.settimeout(remaining())
        return super().recv_into(*arguments, **named)


class _TLSSocket(ssl.SSLSocket):
    """The same, inside TLS."""

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        self.settimeout(remaining())
        return super().recv_into(*arguments, **named)


def is_blocked(address: str, *, abroad: bool = False) -> bool:
    """Whether a resolved address (also an IPv4 one inside IPv6) is one of a metadata service or link-local; `abroad`: or of this
    machine.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        found = inner or found
    if abroad and (found.is_loopback or found.is_unspecified):
        return True
    return found.is_multicast or any(found in network for network in _BLOCKED if network.version == found.version)


def _connect(connection: HTTPConnection) -> socket.socket:
    """Resolve, check, and connect to the checked address: no second look-up can give another one."""
    # The look-up itself cannot be bounded from here; it takes as long as the system's resolver is configured to try.
    problem: OSError = OSError("the name has no address")
    limit = connection.timeout if isinstance(connection.timeout, (int, float)) else remaining()
    for family, kind, protocol, _, address in socket.getaddrinfo(
        connection.host, connection.port or connection.default_port, type=socket.SOCK_STREAM
    ):
        if is_blocked(str(address[0]), abroad=_abroad.get()):
            raise Blocked
        opened = _Socket(family, kind, protocol)
        try:
            opened.settimeout(min(limit, remaining()))
            opened.connect(address)
        except OSError as failed:
            opened.close()
            problem = failed
            continue
        except BaseException:
            opened.close()
            raise
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened
    raise problem


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _TLSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _Adapter(HTTPAdapter):
    """Takes our connections and our TLS context; requests would add the public authorities to a private one."""

    def __init__(self, context: ssl.SSLContext | None, connections: int) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=connections, max_retries=urllib3.Retry(0, read=False))

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def build_connection_pool_key_attributes(self, request: requests.PreparedRequest, verify: Any, cert: Any = None) -> Any:
        """Give the pool our context, and nothing that would be added to it."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context} if host["scheme"] == "https" else {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Everything stands in the context already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TLS:
    """PEM texts: the authorities to trust instead of the public ones, and our certificate followed by its key."""

    authorities: str = ""
    certificate: str = field(default="", repr=False)

    def context(self) -> ssl.SSLContext:
        """The context for connections. Raises ssl.SSLError or ValueError when a text is no PEM."""
        if self.authorities:
            context = ssl.create_default_context(cadata=self.authorities)
        else:
            context = ssl.create_default_context(cafile=certifi.where())
        context.sslsocket_class = _TLSSocket
        if self.certificate:
            _load_certificate(context, self.certificate)
        return context


def _load_certificate(context: ssl.SSLContext, certificate: str) -> None:
    """Python loads certificates from files only: this one is a file in memory, which no disk ever sees."""
    descriptor = os.memfd_create("certificate")
    try:
        with os.fdopen(os.dup(descriptor), "w", encoding="ascii") as file:
            file.write(certificate)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


class Session(requests.Session):
    """A session that follows no redirect, reads nothing from the environment, and reads bodies within `body_limit`.

    `context` is needed for https only: reading all public authorities takes a tenth of a second.
    """

    def __init__(self, context: ssl.SSLContext | None, body_limit: int, connections: int) -> None:
        super().__init__()
        self.trust_env = False
        self.stream = True  # bodies are read in `_read_body`, with its limit
        self._adapter = _Adapter(context, connections)
        self._body_limit = body_limit
        self.headers.update({"Accept-Encoding": "identity", "User-Agent": "release-coordinator"})
        self.hooks["response"].append(self._read_body)

    def get_adapter(self, url: str | bytes) -> HTTPAdapter:  # noqa: ARG002  the signature is requests'
        """Always ours, whatever a library mounts."""
        return self._adapter

    def request(self, method: Any, url: Any, **named: Any) -> requests.Response:  # type: ignore[override]
        """Send, and take a redirect for an answer."""
        return super().request(method, url, **named | {"allow_redirects": False})

    def close(self) -> None:
        """Close the connections that are kept."""
        self._adapter.close()
        super().close()

    def _read_body(self, response: requests.Response, **_: Any) -> None:
        try:
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise Encoded
            body, limit = bytearray(), _largest.get() or self._body_limit
            while chunk := response.raw.read(min(_CHUNK, limit + 1 - len(body)), decode_content=False):
                body += chunk
                if len(body) > limit:
                    raise TooLarge(limit)
        except BaseException:
            response.raw.close()  # the connection holds the rest of the body: not to be used again
            raise
        response.raw.release_conn()
        response._content = bytes(body)
        response._content_consumed = True  # type: ignore[attr-defined]
