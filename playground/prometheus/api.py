"""Prometheus' HTTP API as far as gates, people and dashboards ask it: paths and parameters in, status and JSON out. No socket."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import promql_parser

from playground.loop import Loop
from playground.prometheus.evaluate import Evaluator, Node, matchers, parse
from playground.prometheus.matching import Labels, Matcher, matches
from playground.prometheus.problems import BadQuery, QueryProblem
from playground.prometheus.series import Source, is_stale
from playground.prometheus.values import Range, Sample, Value, identity

Parameters = Mapping[str, Sequence[str]]
_MOST_STEPS = 11_000
_LABEL_VALUES = re.compile(r"/api/v1/label/([^/]+)/values")
_DURATION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800, "y": 31_536_000}


class Api:
    """Answers from a store, at the loop's time where none is given."""

    def __init__(self, loop: Loop, store: Source) -> None:
        self._loop, self._store = loop, store
        self._paths: Mapping[str, Callable[[Parameters], Any]] = {
            "/api/v1/query": self._query, "/api/v1/query_range": self._query_range, "/api/v1/series": self._series,
            "/api/v1/labels": self._labels, "/api/v1/status/buildinfo": lambda _: {"version": "3.0.0", "revision": "playground"},
        }  # fmt: skip

    def handle(self, method: str, path: str, query: str, body: bytes = b"") -> tuple[int, Any]:
        """`query` is the URL's, `body` a form; both percent-encoded. The status, and JSON, or text for the two probes."""
        if path in ("/-/ready", "/-/healthy"):
            return 200, f"Prometheus Server is {'Ready' if path == '/-/ready' else 'Healthy'}.\n"
        values_of = _LABEL_VALUES.fullmatch(path)
        if path not in self._paths and not values_of:
            return 404, _failure("not_found", f"the playground's Prometheus has no {path}; it has {', '.join(self._paths)}")
        if method not in ("GET", "POST"):
            return 405, _failure("bad_data", f"{method} is not allowed here: use GET or POST")
        parameters = parse_qs(query, keep_blank_values=True)
        for name, values in parse_qs(body.decode(errors="replace"), keep_blank_values=True).items():
            parameters.setdefault(name, []).extend(values)
        try:
            answer = self._values_of(values_of[1], parameters) if values_of else self._paths[path](parameters)
        except QueryProblem as problem:
            return problem.status, _failure(problem.kind, str(problem))
        return 200, {"status": "success", "data": answer}

    def _query(self, parameters: Parameters) -> Any:
        tree = parse(_one(parameters, "query"))
        at = self._time(parameters, "time")
        found = Evaluator(source=self._store, at=at, start=at, end=at).value(tree)
        if isinstance(found, float):
            return {"resultType": "scalar", "result": [_seconds(at), number(found)]}
        if isinstance(found, str):
            return {"resultType": "string", "result": [_seconds(at), found]}
        return {"resultType": "matrix" if _is_range(tree) else "vector", "result": [_element(one, at) for one in found]}

    def _query_range(self, parameters: Parameters) -> Any:
        tree = parse(_one(parameters, "query"))
        start, end = self._time(parameters, "start"), self._time(parameters, "end")
        step = round(_duration(_one(parameters, "step"), "step") * 1000)
        if end < start:
            raise BadQuery('invalid parameter "end": end timestamp must not be before start time')
        if step <= 0:
            raise BadQuery('invalid parameter "step": zero or negative query resolution step widths are not accepted')
        if _is_range(tree) or isinstance(tree, promql_parser.StringLiteral):
            raise BadQuery('invalid parameter "query": a range query needs a scalar or an instant vector')
        if (end - start) // step > _MOST_STEPS:
            raise BadQuery(f"exceeded maximum resolution of {_MOST_STEPS} points per timeseries: use a longer step")
        return {"resultType": "matrix", "result": self._steps(tree, range(start, end + 1, step), end)}

    def _steps(self, tree: Node, moments: range, end: int) -> list[Any]:
        series: dict[frozenset[tuple[str, str]], tuple[Labels, list[Any]]] = {}
        for at in moments:
            found: Value = Evaluator(source=self._store, at=at, start=moments[0], end=end).value(tree)
            assert not isinstance(found, str)
            for sample in [Sample(labels={}, value=found)] if isinstance(found, float) else found:
                assert isinstance(sample, Sample)
                points = series.setdefault(identity(sample.labels), (sample.labels, []))[1]
                points.append([_seconds(at), number(sample.value)])
        listed = ({"metric": dict(labels), "values": points} for labels, points in series.values())
        return sorted(listed, key=lambda one: sorted(one["metric"].items()))

    def _series(self, parameters: Parameters) -> Any:
        if not parameters.get("match[]"):
            raise BadQuery("no match[] parameter provided")
        return [dict(labels) for labels in self._selected(parameters)]

    def _labels(self, parameters: Parameters) -> Any:
        return sorted({name for labels in self._selected(parameters) for name in labels})

    def _values_of(self, name: str, parameters: Parameters) -> Any:
        return sorted({labels[name] for labels in self._selected(parameters) if name in labels})

    def _selected(self, parameters: Parameters) -> Iterable[Labels]:
        """Every series that match[] names, or every one; those of an earlier time too."""
        wanted: list[Sequence[Matcher]] = []
        for text in parameters.get("match[]", ()):
            tree = parse(text)
            if not isinstance(tree, promql_parser.VectorSelector):
                raise BadQuery(f'invalid parameter "match[]": {text} is not a series selector')
            wanted.append(matchers(tree))
        return (labels for labels in self._store.labels() if not wanted or any(matches(one, labels) for one in wanted))

    def _time(self, parameters: Parameters, name: str) -> int:
        """In ms since 1970."""
        text = _one(parameters, name) if name != "time" or name in parameters else ""
        if not text:
            return int(self._loop.now() * 1000)
        try:
            return round(float(text) * 1000)
        except (ValueError, OverflowError):
            pass
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                return round(moment.timestamp() * 1000)
        except ValueError:
            pass
        raise BadQuery(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp')


def _one(parameters: Parameters, name: str) -> str:
    if not parameters.get(name):
        raise BadQuery(f'invalid parameter "{name}": it is missing')
    return parameters[name][0]


def _duration(text: str, name: str) -> float:
    """Seconds: a number, or in Prometheus' form."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds):
        return seconds
    if not _DURATION.fullmatch(text):
        raise BadQuery(f'invalid parameter "{name}": cannot parse "{text}" to a valid duration')
    return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdwy])", text))


def _is_range(tree: Node) -> bool:
    while isinstance(tree, promql_parser.ParenExpr):
        tree = tree.expr
    return isinstance(tree, promql_parser.MatrixSelector | promql_parser.SubqueryExpr)


def _failure(kind: str, message: str) -> Any:
    return {"status": "error", "errorType": kind, "error": message}


def _element(one: Sample | Range, at: int) -> Any:
    if isinstance(one, Sample):
        return {"metric": dict(one.labels), "value": [_seconds(at), number(one.value)]}
    pairs = zip(one.times, one.values, strict=True)
    return {"metric": dict(one.labels), "values": [[_seconds(t), number(v)] for t, v in pairs if not is_stale(v)]}


def _seconds(at: int) -> float | int:
    return at // 1000 if at % 1000 == 0 else at / 1000


def number(value: float) -> str:
    """As Prometheus writes it: the shortest digits that read back the same, never with an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return format(Decimal(repr(float(value))), "f").removesuffix(".0")
