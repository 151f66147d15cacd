"""One watch: the lines of one long answer as events, with an end on both sides.

A watch says when it is broken and nothing more: going on from a version, listing again and waiting are the reflector's.
"""

import time
from collections.abc import Iterator
from contextlib import suppress

import urllib3

from controller.kube.answers import OBJECT_LIMIT, PIECE, TRANSPORT_ERRORS, Object, parse, unreachable
from controller.kube.errors import ApiError, Unreachable, from_status


class Watch(Iterator[Object]):
    """An iterator of events (`{"type": …, "object": …}`), BOOKMARK among them; ERROR is raised as ApiError.

    Ends without an exception when the server ends the stream in order, when the time is up, and after `close()`.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, longest: float, request: str) -> None:
        """`longest` is in seconds: our own bound, for a server that forgets the one it was asked to keep."""
        self._response = response
        self._deadline = time.monotonic() + longest
        self._request = request
        self._closed = False
        self._events = self._read()

    def __next__(self) -> Object:
        """The next event; blocks until one comes, the stream ends or the socket's timeout passes."""
        return next(self._events)

    def mute_after(self, seconds: float) -> None:
        """From now on believe a silence of so many seconds. Where the connection is out of reach all stays as it was."""
        socket = getattr(self._response.connection, "sock", None)
        if socket is not None:
            with suppress(OSError):  # Closed meanwhile.
                socket.settimeout(seconds)

    def close(self) -> None:
        """End the watch, from any thread: a reader blocked in the socket wakes up at once and sees the end."""
        self._closed = True
        with suppress(ValueError, RuntimeError, OSError):  # Ended already, one way or the other.
            self._response.shutdown()

    def _read(self) -> Iterator[Object]:
        try:
            for line in self._lines():
                yield self._event(line)
        except ApiError as error:
            raise error.about(self._request) from error.__cause__
        finally:
            self._response.close()

    def _lines(self) -> Iterator[bytes]:
        pending = bytearray()
        while not self._closed and time.monotonic() < self._deadline:
            try:
                piece = self._response.read1(PIECE, decode_content=False)
            except TRANSPORT_ERRORS as error:
                if self._closed:
                    return
                raise unreachable(error) from error
            if not piece:
                if pending and not self._closed:
                    raise Unreachable("CutShort", "the stream ended in the middle of an event")
                return
            searched = len(pending)
            pending += piece
            while (end := pending.find(b"\n", searched)) >= 0:
                line = bytes(pending[:end])
                del pending[: end + 1]
                searched = 0
                if line.strip():
                    yield line
            if len(pending) > OBJECT_LIMIT:
                raise Unreachable("TooLarge", f"an event is larger than {OBJECT_LIMIT} bytes")

    @staticmethod
    def _event(line: bytes) -> Object:
        event = parse(line)
        if not isinstance(event.get("object"), dict) or not isinstance(event.get("type"), str):
            raise Unreachable("NotAnEvent", "a line of the stream is JSON but no event")
        if event["type"] == "ERROR":
            raise from_status(event["object"])
        return event
