"""Selectors of raw counters, and whose each series is: what gates that count requests ask for.

A selector names a metric and matches labels, nothing else: rates and sums would hide the resets, the scrapes and the pods that
windows.py needs. The two sides are told apart by a label of the pods, in the answer; so Releases of a namespace that count the
same ask one question. No query is sent from here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from strategies.analysis import promql_reading, promql_tree, query
from strategies.analysis.counts import Window
from strategies.analysis.promql_tree import Matcher, Selector
from strategies.analysis.query import QueryError
from strategies.analysis.series import Answer, Series
from strategies.analysis.verdict import Unknown
from strategies.analysis.windows import Span, Tally, histogram_tally, tally, window

_PLAIN = 'write only the counter and its labels, as in http_requests_total{code=~"5.."}; the gate itself counts what it grew by'
_ALLOWED = frozenset({"namespace", "release"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The series of one revision's pods: those whose `label` matches `pattern` as a whole.

    `begins`, if it is known, is what all these values begin with, but for so many characters at their end: by it they are found
    fast.
    """

    label: str
    pattern: str
    begins: tuple[str, int] | None = None

    @classmethod
    def of_replica_set(cls, label: str, name: str) -> "Side":
        """The pods of a ReplicaSet, by their names."""
        return cls(label=label, pattern=query.pods_pattern(name), begins=(query.pods_prefix(name), query.POD_SUFFIX_LENGTH))

    @classmethod
    def of_hash(cls, label: str, value: str) -> "Side":
        """The pods with this hash."""
        return cls(label=label, pattern=re.escape(value), begins=(value, 0))

    def of(self, series: Iterable[Series]) -> list[Series]:
        """Those that are this side's."""
        if self.begins is not None and isinstance(series, Answer):
            series = series.having(self.label, *self.begins)
        matching = re.compile(self.pattern).fullmatch
        return [each for each in series if matching(each.labels.get(self.label, ""))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Both sides; `stable` is None where there is nothing to compare with."""

    candidate: Side
    stable: Side | None


def parse(text: str) -> query.Query:
    """Read a selector. Raises QueryError with what to write instead."""
    read = query.parse_any(text)
    tree = read.tree
    if not isinstance(tree, Selector):
        raise QueryError(f"this is no plain selector; {_PLAIN}")
    if tree.range is not None or tree.when != promql_tree.When(offset=None, at=None):
        raise QueryError(f"a range, an offset or a time is put in by the gate; {_PLAIN}")
    if tree.metric is None:
        raise QueryError(f"the selector names no metric; {_PLAIN}")
    if sides := sorted(read.variables - _ALLOWED):
        raise QueryError("candidate and stable are told apart by the gate; take this matcher out", f"${sides[0]}")
    return read


def parse_histogram(text: str) -> query.Query:
    """Read a selector of a classic histogram's buckets, or of a native histogram. Raises QueryError."""
    read = parse(text)
    assert isinstance(read.tree, Selector)
    histogram, part, _ = re.split(r"(_sum|_count|_total|$)$", str(read.tree.metric), maxsplit=1)
    if part:
        raise QueryError(f"name the histogram's buckets, {histogram}_bucket, or a native histogram itself: {histogram}")
    if any(matcher.name == "le" for matcher in read.tree.matchers):
        raise QueryError("all buckets are needed; take the matcher on le out", "le")
    return read


def is_confined(selector: query.Query, forced: Mapping[str, str]) -> bool:
    """Whether it asks for one namespace only, so that all Releases of that namespace may share the answer.

    `forced` are a MetricSource's labels as they are written there.
    """
    return "namespace" in selector.variables or "$namespace" in forced.values()


def question(
    selector: query.Query, binding: query.Binding, forced: Mapping[str, str], span: timedelta, sides: Sides | None
) -> str:
    """The PromQL whose answer is the raw samples of this time. `sides` restricts it to their pods. Raises QueryError."""
    tree = promql_reading.parse(selector.bind(binding, forced))
    assert isinstance(tree, Selector)
    if sides is not None:
        patterns = [side.pattern for side in (sides.candidate, sides.stable) if side is not None]
        only = Matcher(name=sides.candidate.label, operator="=~", value="|".join(patterns))
        tree = replace(tree, matchers=(*tree.matchers, only))
    return promql_tree.render(replace(tree, range=span))


def windows(
    spans: Sequence[Span], answers: Sequence[Sequence[Series]], edges: tuple[float, ...], sides: Sides
) -> list[Window | Unknown]:
    """The windows of these spans. `answers` are the series of bad requests and of all; of a histogram, with `edges` (rising), its
    buckets alone.
    """
    candidate = [sides.candidate.of(answer) for answer in answers]
    stable = [sides.stable.of(answer) for answer in answers] if sides.stable else None
    return [
        window(span, _tally(candidate, edges, span), None if stable is None else _tally(stable, edges, span), edges)
        for span in spans
    ]


def _tally(mine: Sequence[Sequence[Series]], edges: tuple[float, ...], span: Span) -> Tally | Unknown:
    return histogram_tally(mine[0], edges, span) if edges else tally(mine[0], mine[1], span)
