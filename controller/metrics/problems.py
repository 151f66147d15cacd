"""Why a call has failed, as a value: one word for programs, and a sentence that says what to do.

Exceptions of four libraries come wrapped in each other; the first line of the table that applies is told. Nothing of what
was sent is in it but what TLS says of certificates.
"""

import socket
import ssl
from collections.abc import Iterator

import requests
import urllib3

from controller.metrics import transport
from strategies.analysis.verdict import Unknown


def explained(problem: Exception, deadline: float, whom: str = "the source") -> Unknown:
    """What went wrong in asking `whom` within so many seconds."""
    causes = list(_causes(problem))

    def caused_by(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    # The first that applies; the special ones before the general ones they come wrapped in.
    limit = next((cause.args[0] for cause in causes if isinstance(cause, transport.TooLarge)), 0)
    table: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
        ((transport.Blocked,), "BlockedAddress", f"{whom}'s name leads to an address that is not allowed"),
        ((transport.TooLarge,), "TooLarge", f"the answer is larger than {limit} bytes; aggregate in the query"),
        ((transport.Encoded,), "Encoded", "the answer is compressed although that was not asked for"),
        ((ssl.SSLError, requests.exceptions.SSLError), "TLSFailure", f"TLS failed: {_tls_text(causes, whom)}"),
        ((socket.gaierror,), "NameNotFound", f"{whom}'s name cannot be resolved"),
        ((ConnectionRefusedError,), "Refused", f"{whom} refuses connections; is it running?"),
        ((transport.DeadlinePassed, TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError),
         "Timeout", f"{whom} did not answer within {deadline:g} s"),
        ((requests.exceptions.InvalidHeader, UnicodeError),
         "BadCredentials", f"{whom}'s credentials hold characters that cannot be sent"),
        ((requests.ConnectionError, urllib3.exceptions.HTTPError, ConnectionError),
         "ConnectionLost", f"the connection to {whom} broke off before the answer was complete"),
        ((OSError,), "BadCredentials", f"{whom}'s token file cannot be read"),
    )  # fmt: skip
    for kinds, reason, message in table:
        if caused_by(*kinds):
            return Unknown(reason=reason, message=message)
    # The text of an unforeseen exception may hold a header: only its type is told.
    return Unknown(reason="Unexpected", message=f"asking {whom} failed with {type(problem).__name__}")


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception and what it wraps: requests and urllib3 keep causes as arguments, Python as links."""
    waiting, known = [problem], set[int]()
    while waiting:
        found = waiting.pop()
        if id(found) in known:
            continue
        known.add(id(found))
        yield found
        wrapped = (found.__cause__, found.__context__, getattr(found, "reason", None), *found.args)
        waiting += [each for each in wrapped if isinstance(each, BaseException)]


def _tls_text(causes: list[BaseException], whom: str) -> str:
    verification = (c.verify_message for c in causes if isinstance(c, ssl.SSLCertVerificationError))
    reasons = (str(c.reason) for c in causes if isinstance(c, ssl.SSLError) and c.reason)
    return next(verification, "") or next(reasons, f"{whom} does not speak it")
