"""What Prometheus answered, read with suspicion: one finite, fresh, complete number is a Sample, all else is Unknown.

Pure functions over a response that has been read. Their messages quote the server, at any length: whoever shows them
redacts and shortens. What to do with an Unknown is not decided here.
"""

import json
import math
from datetime import datetime
from typing import Any

import requests

from strategies.analysis.series import MOST_SERIES, Answer, Native, Series
from strategies.analysis.verdict import Sample, Unknown, window_key

_LONGEST_TEXT = 300
_HINTS = {
    400: ("BadQuery", "Prometheus refuses the query"),
    401: ("Unauthorized", "the source wants other credentials"),
    403: ("Unauthorized", "the source's credentials may not ask this"),
    404: ("NotPrometheus", "the source's address has no query API; check its path"),
    422: ("BadQuery", "Prometheus cannot evaluate the query"),
    429: ("TooManyQueries", "the source is asked too often"),
}


def read_answer(kind: Any, result: Any, document: dict[str, Any], at: datetime, freshness: float) -> Sample | Unknown:
    """The number in a successful answer for the time `at`. Raises nothing, whatever the document holds."""
    if warnings := _texts(document.get("warnings")):
        return Unknown(reason="PartialResponse", message=f"the answer may be incomplete: {warnings}")
    try:
        if kind == "scalar":
            stamp, text = result
        elif kind == "vector":
            if len(result) != 1:
                return _count(result, _texts(document.get("infos")))
            if "value" not in result[0]:
                return Unknown(reason="Histogram", message="the answer is a histogram; use histogram_quantile() on it")
            stamp, text = result[0]["value"]
        else:
            return Unknown(reason="WrongType", message=f"the answer is a {kind}; a gate needs one number")
        value, seconds = float(text), float(stamp)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError):
        return Unknown(reason="Malformed", message="the answer is not in Prometheus' form")
    if not math.isfinite(value):
        return Unknown(reason="NotANumber", message=f"the answer is {value:+} (no traffic?)".replace("+nan", "NaN"))
    if not abs(seconds - at.timestamp()) <= freshness:
        return Unknown(reason="Stale", message="the answer is for another time than was asked for; is a cache between?")
    return Sample(value=value, at=at, key=window_key(at))


def read_series(kind: Any, result: Any, document: dict[str, Any]) -> tuple[Series, ...] | Unknown:
    """The raw samples in a successful answer to a range selector. Raises nothing, whatever the document holds."""
    if warnings := _texts(document.get("warnings")):
        return Unknown(reason="PartialResponse", message=f"the answer may be incomplete: {warnings}")
    if kind != "matrix":
        return Unknown(reason="WrongType", message=f"the answer is a {kind}; raw samples were asked for")
    try:
        if len(result) > MOST_SERIES:
            message = f"the answer has {len(result):,} series; narrow the selector to this workload"
            return Unknown(reason="TooManySeries", message=message)
        return Answer(map(_series, result))
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return Unknown(reason="Malformed", message="the answer is not in Prometheus' form")


def _series(found: Any) -> Series:
    labels = {str(name): str(value) for name, value in found["metric"].items() if name != "__name__"}
    samples = tuple((float(at), float(value)) for at, value in found.get("values", ()))
    histograms = tuple(_native(float(at), each) for at, each in found.get("histograms", ()))
    return Series(labels=labels, samples=samples, histograms=histograms)


def _native(at: float, found: Any) -> Native:
    # The first of each four says which ends belong to the bucket; on an edge lies nothing that could be counted.
    buckets = tuple((float(left), float(right), float(count)) for _, left, right, count in found.get("buckets", ()))
    return Native(at=at, count=float(found["count"]), buckets=buckets)


def refusal(response: requests.Response) -> Unknown:
    """Why an answer with another status than 200 gives no number, in Prometheus' own words where it has some."""
    status = response.status_code
    if 300 <= status < 400:
        return Unknown(reason="Redirected", message=f"the source redirects (HTTP {status}); name its final address")
    reason, hint = _HINTS.get(status, ("ServerError", "the source fails") if status >= 500 else ("Refusal", "refused"))
    said = _error_text(response)
    return Unknown(reason=reason, message=f"{hint} (HTTP {status})" + (f": {said}" if said else ""))


def not_prometheus(response: requests.Response) -> Unknown:
    """An answer with status 200 that Prometheus would not have given."""
    kind = response.headers.get("Content-Type", "") or "nothing"
    page = "; a login page in between?" if "html" in kind.lower() else ""
    return Unknown(reason="NotPrometheus", message=f"the source answers with {kind}, not as Prometheus does{page}")


def short(text: str) -> str:
    """The text on one line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


def _count(result: list[Any], infos: str) -> Unknown:
    if result:
        message = f"the query gives {len(result)} series and a gate needs one; aggregate it, as with sum()"
        return Unknown(reason="SeveralSeries", message=message)
    return Unknown(reason="NoSeries", message="no series match the query" + (f" ({infos})" if infos else ""))


def _error_text(response: requests.Response) -> str:
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError):
        return ""
    return str(document.get("error", "")) if isinstance(document, dict) else ""


def _texts(found: Any) -> str:
    return "; ".join(map(str, found)) if isinstance(found, list) else ""
