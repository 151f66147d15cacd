"""Real gRPC servers with the metrics libraries of their languages, and a client that remembers how its calls ended.

The one in Go is etcd, whose server counts with go-grpc-middleware; nothing of it is wanted but calls and how they end. The one
in Python counts with py-grpc-prometheus.
"""

import os
import re
import time
from collections.abc import Callable
from concurrent import futures
from functools import cached_property
from pathlib import Path
from typing import Any, Self

# Read when gRPC is imported. What it does in a forked child, which is about to become a program, can hang there.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

import grpc
import prometheus_client
from py_grpc_prometheus.prometheus_server_interceptor import PromServerInterceptor

from tests.controlplane import binaries, processes

SLOW = 3.0
"""Seconds that a slow call takes, beyond the edge of 2.5."""
HEALTH = "/grpc.health.v1.Health/Check"
_PATIENCE = 60


class Client:
    """`ended`: of each call its method and the name of the code that it ended with."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self.ended: list[tuple[str, str]] = []

    def call(self, method: str, request: bytes) -> bytes:
        """A unary call; its answer, if it has one."""
        send = self._channel.unary_unary(method)
        return self._remember(method, lambda: send(request, wait_for_ready=True, timeout=_PATIENCE)) or b""

    def stream(self, method: str) -> None:
        """A stream on which nothing is sent, cancelled after the time of a slow call."""
        requests = iter(lambda: time.sleep(2 * SLOW), None)
        stream = self._channel.stream_stream(method)(requests, wait_for_ready=True, timeout=_PATIENCE)
        time.sleep(SLOW)
        stream.cancel()
        self._remember(method, lambda: next(stream))

    def close(self) -> None:
        """After the last call."""
        self._channel.close()

    def _remember(self, method: str, outcome: Callable[[], Any]) -> Any:
        try:
            answer = outcome()
        except grpc.RpcError as failed:
            self.ended.append((method, failed.code().name))
            return None
        self.ended.append((method, "OK"))
        return answer


class InPython:
    """Ends a call with the code that its request names, or takes long. Has no streams."""

    STREAM = None

    def __init__(self, _: Path) -> None:
        registry = prometheus_client.CollectorRegistry()
        counts = PromServerInterceptor(enable_handling_time_histogram=True, registry=registry)
        self._server = grpc.server(futures.ThreadPoolExecutor(8), interceptors=[counts])
        for service, method in (("shop.v1.Shop", "Buy"), HEALTH[1:].split("/")):
            handlers = {method: grpc.unary_unary_rpc_method_handler(self._answer)}
            self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        self._metrics, _ = prometheus_client.start_http_server(0, "127.0.0.1", registry)
        self.metrics_address = f"127.0.0.1:{self._metrics.server_port}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    @cached_property
    def client(self) -> Client:
        """Calls it."""
        return Client(f"127.0.0.1:{self._port}")

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._server.stop(None).wait()
        self._metrics.shutdown()
        self._metrics.server_close()

    def succeed(self) -> None:
        """A call that ends well."""
        self._call("OK")

    def fail(self) -> None:
        """A call for each code but OK."""
        for code in grpc.StatusCode:
            if code is not grpc.StatusCode.OK:
                self._call(code.name)

    def dawdle(self) -> None:
        """A slow call."""
        self._call("SLOW")

    def _call(self, request: str) -> None:
        self.client.call("/shop.v1.Shop/Buy", request.encode())

    @staticmethod
    def _answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        if request == b"SLOW":
            time.sleep(SLOW)
        elif request not in (b"OK", b""):
            context.abort(grpc.StatusCode[request.decode()], "as it was asked to")
        return b""


class InGo:
    """etcd. Raises binaries.Missing where it is not. Its messages are written out, because they are so short."""

    STREAM = "/etcdserverpb.Watch/Watch"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        peer = f"http://127.0.0.1:{processes.free_port()}"
        self.metrics_address = f"127.0.0.1:{processes.free_port()}"
        clients = f"http://{self.metrics_address}"
        self._log = folder / "log"
        self._argv = [
            binaries.path("etcd"), f"--data-dir={folder / 'data'}", "--name=one", f"--initial-cluster=one={peer}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}", "--metrics=extensive", "--log-level=error", "--unsafe-no-fsync",
        ]  # fmt: skip

    def __enter__(self) -> Self:
        self._process = processes.start(self._argv, self._log)
        return self

    @cached_property
    def client(self) -> Client:
        """Calls it."""
        return Client(self.metrics_address)

    def __exit__(self, *_: object) -> None:
        self.client.close()
        processes.end(self._process)

    def succeed(self) -> None:
        """Put k."""
        self._call("etcdserverpb.KV/Put", b"\n\x01k\x12\x01v")

    def fail(self) -> None:
        """A call that is wrong itself, and one that the server fails: to put while the alarm CORRUPT says that data are."""
        self._call("etcdserverpb.KV/Put", b"")
        self._call("etcdserverpb.Maintenance/Alarm", b"\x08\x01\x18\x02")
        self.succeed()
        self._call("etcdserverpb.Maintenance/Alarm", b"\x08\x02\x18\x02")

    def dawdle(self) -> None:
        """A call that waits for a lock."""
        name = b"\n\x01l"
        key = re.search(rb"l/[0-9a-f]+", self._call("v3lockpb.Lock/Lock", name))
        assert key is not None
        with futures.ThreadPoolExecutor(1) as other:
            waiting = other.submit(self._call, "v3lockpb.Lock/Lock", name)
            time.sleep(SLOW)
            self._call("v3lockpb.Lock/Unlock", b"\n" + bytes([len(key[0])]) + key[0])
            waiting.result()

    def _call(self, method: str, request: bytes) -> bytes:
        return self.client.call(f"/{method}", request)
