"""`python -m tests.controlplane up`: a whole cluster on this machine, reachable from outside its network namespace.

The listening sockets are made before the namespace is entered, so what connects to them on the host comes out inside.
"""

import contextlib
import signal
import socket
import sys
import threading
from urllib.parse import urlsplit

from tests.controlplane import binaries, namespace
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.prometheus import Prometheus


def relay(listener: socket.socket, target: tuple[str, int]) -> None:
    """Carry every connection that `listener` accepts to `target`, in threads, until the process ends."""

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            try:
                onward = socket.create_connection(target, timeout=10)
            except OSError:
                connection.close()
                continue
            onward.settimeout(None)
            for source, sink in ((connection, onward), (onward, connection)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def up() -> None:
    """Run until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    api, metrics, web = (f"127.0.0.1:{listener.getsockname()[1]}" for listener in listeners)
    namespace.enter()
    with ControlPlane() as cluster, Gateway(cluster) as gateway, Prometheus(cluster) as prometheus:
        monitoring = urlsplit(prometheus.url)
        targets = (
            (namespace.NODE_ADDRESS, cluster.port),
            (monitoring.hostname or "", monitoring.port or 0),
            gateway.address,
        )
        for listener, target in zip(listeners, targets, strict=True):
            relay(listener, target)
        for user in ("admin", "alice", "bob"):
            cluster.write_kubeconfig(cluster.folder / f"host-{user}", f"https://{api}", user)
        print(f"KUBECONFIG={cluster.folder}/host-admin (also host-alice, host-bob)  gateway http://{web}  "
              f"Prometheus http://{metrics}  Ctrl-C ends it", flush=True)  # fmt: skip
        signal.pause()


if __name__ == "__main__":
    if sys.argv[1:] != ["up"]:
        sys.exit("usage: python -m tests.controlplane up")
    try:
        up()
    except KeyboardInterrupt:
        pass
    except (namespace.Unavailable, binaries.Missing) as problem:
        sys.exit(str(problem))
