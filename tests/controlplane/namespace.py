"""Enter a fresh network namespace, in this process, so that tests can use any address and port and reach nothing else.

Every 10.244.x.y (the pods) is local to `lo` there: EndpointSlices refuse 127.0.0.0/8, these addresses they take.
Nothing about Kubernetes belongs here.
"""

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

NODE_ADDRESS = "10.244.0.1"
_NETMASK = "255.255.0.0"

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK, _IFF_UP = 0x8913, 0x8914, 0x8916, 0x891C, 1

_libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """The machine does not let us make a network namespace; the message says what would help."""


def enter() -> None:
    """Move this process (one thread) into its own network and mount namespaces, for good. Raises Unavailable."""
    if len(os.listdir("/proc/self/task")) != 1:
        raise Unavailable("a process with several threads cannot enter a namespace: enter before starting threads")
    user, group = os.geteuid(), os.getegid()
    namespaces = _CLONE_NEWNET | _CLONE_NEWNS
    try:
        if user != 0 or _libc.unshare(namespaces) != 0:  # Root in a container may lack the right, too.
            _call(_libc.unshare(namespaces | _CLONE_NEWUSER))
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        _call(_libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None))
        _bring_up_loopback()
    except OSError as problem:
        raise Unavailable(
            f"no network namespace ({problem}): run as root, or allow user namespaces "
            "(sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0; in a "
            "container --cap-add SYS_ADMIN)"
        ) from problem


def _call(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(control, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
        # A prefix on the loopback device makes the whole prefix local, as with 127.0.0.0/8.
        for command, address in ((_SIOCSIFADDR, NODE_ADDRESS), (_SIOCSIFNETMASK, _NETMASK)):
            packed = struct.pack("16sHH4s8x", b"lo:pods", socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(control, command, packed)
