"""Bodies of answers, read with a bound on size and time and turned into JSON objects or `Unreachable`.

Whatever a broken proxy, a half-dead server or a hostile one sends ends here. No status code and no Kubernetes type is
known here.
"""

import http.client
import time
from typing import Any

import urllib3
from pydantic_core import from_json

from controller.kube.errors import Unreachable

Object = dict[str, Any]

MEBIBYTE = 1024 * 1024
LIST_LIMIT = 64 * MEBIBYTE  # A page of 500 objects; etcd keeps no object above 1.5 MiB.
OBJECT_LIMIT = 8 * MEBIBYTE
ERROR_LIMIT = MEBIBYTE // 16
PIECE = 65536

# What the transport raises. urllib3 wraps most; http.client and sockets come through while a body is read.
TRANSPORT_ERRORS = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


def unreachable(error: BaseException) -> Unreachable:
    """The transport's exception as one of ours."""
    timed_out = isinstance(error, (TimeoutError, urllib3.exceptions.TimeoutError))
    reason = "Timeout" if timed_out else type(error).__name__
    return Unreachable(reason, f"no usable answer from the API server: {str(error) or type(error).__name__}")


def read_body(response: urllib3.BaseHTTPResponse, limit: int, seconds: float) -> bytes:
    """The whole body, at most `limit` bytes within `seconds`; the connection is kept only when all of it was read.

    The socket's own timeout runs between two pieces, so a server that sends a byte now and then needs the deadline.
    """
    deadline = time.monotonic() + seconds
    body = bytearray()
    try:
        while piece := response.read1(PIECE, decode_content=False):
            body += piece
            if len(body) > limit:
                raise Unreachable("TooLarge", f"the answer is larger than {limit} bytes; it was not read to the end")
            if time.monotonic() > deadline:
                raise Unreachable("Timeout", f"the answer did not end within {seconds:g} s")
    except Unreachable:
        response.close()
        raise
    except TRANSPORT_ERRORS as error:
        response.close()
        raise unreachable(error) from error
    response.release_conn()
    return bytes(body)


def parse(body: bytes | bytearray) -> Object:
    """A JSON object from bytes."""
    try:
        parsed = from_json(body)
    except ValueError as error:
        raise Unreachable("NotJson", f"the answer is not JSON ({error})") from error
    if not isinstance(parsed, dict):
        raise Unreachable("NotJson", f"the answer is a JSON {type(parsed).__name__}, not an object")
    return parsed
