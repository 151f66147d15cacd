"""One document that a pod serves, as a function: an address in, its text or Unknown out, and never an exception.

It shares the transport with the metric sources: one deadline for everything, a bounded body, no redirects, no proxies of the
environment. It sends no password. What the text means is not looked at here.
"""

from dataclasses import dataclass, replace

from controller.metrics import transport
from controller.metrics.problems import explained
from strategies.analysis.verdict import Unknown

LARGEST = 2**20
"""Bytes of a document."""
_HEADERS = {"Accept": "application/json, application/yaml;q=0.9, */*;q=0.1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a document is: the pod's own address, never a name; `whose` is it for people, as in `candidate's pod a`."""

    address: str
    port: int
    path: str
    whose: str

    @property
    def url(self) -> str:
        """As it is asked for."""
        return f"http://{f'[{self.address}]' if ':' in self.address else self.address}:{self.port}{self.path}"


def fetch(place: Place, seconds: float) -> str | Unknown:
    """Its text, within so many seconds in all."""
    try:
        return _fetched(place, seconds)
    except Exception as problem:  # the one place where everything that can go wrong becomes a value
        found = explained(problem, seconds, place.whose)
        if found.reason == "TooLarge":
            return replace(found, message=f"{place.whose} serves more than {LARGEST // 2**20} MiB at {place.path}")
        if found.reason == "Timeout":
            why = "or the network does not let us ask it (the chart's value networkPolicy.contracts)"
            return replace(found, message=f"{found.message} at port {place.port}, {why}")
        return found


def _fetched(place: Place, seconds: float) -> str | Unknown:
    with transport.deadline(seconds, abroad=True), transport.Session(None, LARGEST, connections=1) as session:
        answer = session.get(place.url, headers=_HEADERS, timeout=(seconds, seconds))
    if answer.status_code != 200:
        said = f"{place.whose} answers {answer.status_code} at port {place.port}, {place.path}"
        redirect = ", a redirect, which is not followed" if 300 <= answer.status_code < 400 else ""
        return Unknown(reason="NotServed", message=f"{said}{redirect}; it serves no contract there")
    try:
        return bytes(answer.content).decode("utf-8")
    except UnicodeDecodeError:
        return Unknown(reason="NoText", message=f"{place.whose} serves no text in UTF-8 at {place.path}")
