"""The value of a PromQL query at one moment: a walk over promql_parser's tree, and the only place that knows that tree.

What Prometheus can and this cannot is refused with its name: BadQuery. Everything that is arithmetic is in the modules this
one calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import promql_parser

from playground.prometheus import aggregating, binary, calls
from playground.prometheus.matching import METRIC, Matcher
from playground.prometheus.problems import BadQuery
from playground.prometheus.series import Source, is_stale
from playground.prometheus.values import Range, Sample, Value, Vector, distinct, unnamed

LOOK_BACK = 300_000
"""Ms: an instant vector has the last sample of this time."""
_USUAL_STEP = 60_000
_MOST_STEPS = 11_000
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DEEPEST = 100
_LONGEST = 4096
"""Characters. promql_parser overflows the stack, and ends the process, at 6,000 levels of parentheses."""

Node = promql_parser.Expr


def parse(query: str) -> Node:
    """The tree of a query. Raises BadQuery."""
    if len(query) > _LONGEST:
        raise BadQuery(f'invalid parameter "query": it is longer than {_LONGEST} characters')
    try:
        return promql_parser.parse(query)
    except (ValueError, OverflowError) as problem:
        raise BadQuery(f'invalid parameter "query": {problem}') from problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluator:
    """Evaluates trees at `at`, as part of a query from `start` to `end`; all in ms since 1970."""

    source: Source
    at: int
    start: int
    end: int
    depth: int = 0

    def value(self, node: Node) -> Value:
        """A number, a string, a vector, or ranges. Raises BadQuery, ExecutionFailed."""
        if self.depth > _DEEPEST:
            raise BadQuery(f"the query is nested deeper than {_DEEPEST} levels")
        inner = replace(self, depth=self.depth + 1)
        match node:
            case promql_parser.NumberLiteral() | promql_parser.StringLiteral():
                literal: float | str = node.val
                return literal
            case promql_parser.ParenExpr():
                return inner.value(node.expr)
            case promql_parser.UnaryExpr():
                return inner._negated(node)
            case promql_parser.VectorSelector():
                return [sample for sample, _ in self.instant(node)]
            case promql_parser.MatrixSelector():
                return self._ranges(node)
            case promql_parser.SubqueryExpr():
                return inner._subquery(node)
            case promql_parser.AggregateExpr():
                return inner._aggregate(node)
            case promql_parser.BinaryExpr():
                return inner._binary(node)
            case promql_parser.Call():
                return calls.call(inner, node)
        raise BadQuery(f"the playground cannot evaluate {type(node).__name__}")

    def vector(self, node: Node) -> Vector:
        """The value of a node that the parser knows to be a vector."""
        return _vector(self.value(node))

    def number(self, node: Node) -> float:
        """The value of a node that the parser knows to be a number."""
        found = self.value(node)
        assert isinstance(found, float)
        return found

    def ranges(self, node: Node) -> list[Range]:
        """The value of a node that the parser knows to be a range vector."""
        found = self.value(node)
        assert isinstance(found, list)
        return [one for one in found if isinstance(one, Range)]

    def instant(self, node: promql_parser.VectorSelector) -> list[tuple[Sample, int]]:
        """A selector's elements, each with the time of its sample."""
        moment = self._moment(node)
        found = self.source.select(matchers(node), moment - LOOK_BACK, moment)
        return [(Sample(labels=one.labels, value=one.values[-1]), one.times[-1]) for one in found if not is_stale(one.values[-1])]

    def _moment(self, node: promql_parser.VectorSelector | promql_parser.SubqueryExpr) -> int:
        """The time that `@` and `offset` lead to."""
        at = self.at
        if node.at is not None:
            kind = node.at.type
            if kind == promql_parser.AtModifierType.At:
                assert node.at.at is not None
                at = (node.at.at - _EPOCH) // _MILLISECOND
            else:
                at = self.start if kind == promql_parser.AtModifierType.Start else self.end
        return at - milliseconds(node.offset)

    def _ranges(self, node: promql_parser.MatrixSelector) -> list[Range]:
        selector = node.vector_selector
        end = self._moment(selector)
        start = end - milliseconds(node.range)
        ranges = []
        for one in self.source.select(matchers(selector), start, end):
            kept = [(time, value) for time, value in zip(one.times, one.values, strict=True) if not is_stale(value)]
            if kept:
                times, values = zip(*kept, strict=True)
                ranges.append(Range(labels=one.labels, times=times, values=values, start=start, end=end))
        return ranges

    def _subquery(self, node: promql_parser.SubqueryExpr) -> list[Range]:
        """The inner expression at every multiple of the step within the range."""
        if node.range is None:
            raise BadQuery("a subquery needs a range")
        end = self._moment(node)
        start = end - milliseconds(node.range)
        step = milliseconds(node.step) or _USUAL_STEP
        if (end - start) // step > _MOST_STEPS:
            raise BadQuery(f"the subquery has more than {_MOST_STEPS} steps: use a longer one")
        found: dict[frozenset[tuple[str, str]], tuple[Sample, list[int], list[float]]] = {}
        for at in range(start // step * step + step, end + 1, step):
            for sample in _vector(replace(self, at=at).value(node.expr)):
                _, times, values = found.setdefault(frozenset(sample.labels.items()), (sample, [], []))
                times.append(at)
                values.append(sample.value)
        return [Range(labels=s.labels, times=times, values=values, start=start, end=end) for s, times, values in found.values()]

    def _negated(self, node: promql_parser.UnaryExpr) -> Value:
        found = self.value(node.expr)
        if isinstance(found, float):
            return -found
        return distinct([Sample(labels=unnamed(s.labels), value=-s.value) for s in _vector(found)])

    def _aggregate(self, node: promql_parser.AggregateExpr) -> Vector:
        operator = str(node.op)
        if operator not in aggregating.OPERATORS:
            raise BadQuery(f"the playground does not know the aggregation {operator}; it knows {_listed(aggregating.OPERATORS)}")
        parameter = 0.0 if node.param is None else self.number(node.param)
        by = node.modifier is None or node.modifier.type == promql_parser.AggModifierType.By
        labels = [] if node.modifier is None else list(node.modifier.labels)
        return aggregating.aggregate(operator, parameter, aggregating.grouping(labels, by=by), self.vector(node.expr))

    def _binary(self, node: promql_parser.BinaryExpr) -> Value:
        operator, matching, returns_bool = str(node.op).partition(" ")[0], _matching(node.modifier), _returns_bool(node.modifier)
        left, right = self.value(node.lhs), self.value(node.rhs)
        if isinstance(left, float) and isinstance(right, float):
            return binary.Operation(operator=operator, returns_bool=True).apply(left, right) or 0.0
        operation = binary.Operation(operator=operator, returns_bool=returns_bool)
        if isinstance(left, float):
            return binary.with_number(operation, _vector(right), left, number_first=True)
        if isinstance(right, float):
            return binary.with_number(operation, _vector(left), right, number_first=False)
        if operator in binary.SETS:
            return binary.combined(operator, _vector(left), _vector(right), matching)
        return binary.with_vector(operation, _vector(left), _vector(right), matching)


def matchers(node: promql_parser.VectorSelector) -> Sequence[Matcher]:
    """The matchers of a selector, the metric's name among them."""
    if node.matchers.or_matchers:
        raise BadQuery("`or` between matchers is not Prometheus' PromQL")
    given = ((m.name, _OPERATORS[str(m.op).rpartition(".")[2]], m.value) for m in node.matchers.matchers)
    found = [Matcher(name=name, operator=operator, value=value) for name, operator, value in given]
    return [Matcher(name=METRIC, operator="=", value=node.name), *found] if node.name else found


def _vector(found: Value) -> Vector:
    assert isinstance(found, list)
    return [one for one in found if isinstance(one, Sample)]


def milliseconds(duration: timedelta | None) -> int:
    """Of a duration; 0 for none."""
    return 0 if duration is None else duration // _MILLISECOND


def _returns_bool(modifier: promql_parser.BinModifier | None) -> bool:
    return modifier is not None and bool(modifier.return_bool)


def _matching(modifier: promql_parser.BinModifier | None) -> binary.Matching:
    if modifier is None:
        return binary.Matching()
    if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
        raise BadQuery("the playground does not know fill()")
    sides = ((promql_parser.VectorMatchCardinality.ManyToOne, "left"), (promql_parser.VectorMatchCardinality.OneToMany, "right"))
    return binary.Matching(
        on=modifier.matching is not None and modifier.matching.type == promql_parser.LabelModifierType.Include,
        labels=tuple(modifier.matching.labels) if modifier.matching is not None else (),
        many=next((side for card, side in sides if modifier.card == card), ""),
        included=tuple(modifier.group_labels or ()),
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(sorted(names))
