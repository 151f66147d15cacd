"""Function calls: which there are, and what of the query's context each needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import promql_parser

from playground.prometheus import instants, windows
from playground.prometheus.histograms import histogram_quantile
from playground.prometheus.matching import METRIC
from playground.prometheus.problems import BadQuery
from playground.prometheus.values import Sample, Value, Vector, distinct, unnamed

if TYPE_CHECKING:
    from playground.prometheus.evaluate import Evaluator

_OTHERS = ("absent", "absent_over_time", "histogram_quantile", "label_join", "label_replace", "quantile_over_time", "scalar",
           "sort", "sort_desc", "time", "timestamp", "vector")  # fmt: skip
KNOWN = frozenset({*_OTHERS, *windows.FUNCTIONS, *instants.ONE_BY_ONE, *instants.WITH_NUMBERS})


def call(evaluator: Evaluator, node: promql_parser.Call) -> Value:
    """The value of a call. Raises BadQuery for a function that is not known here."""
    name, arguments = str(node.func.name), list(node.args)
    if name not in KNOWN:
        raise BadQuery(f"the playground does not know the function {name}; it knows {', '.join(sorted(KNOWN))}")
    if name in windows.FUNCTIONS:
        return _over_windows(evaluator, windows.FUNCTIONS[name], arguments[0], keep_name=name in windows.KEEP_NAMES)
    if name in instants.ONE_BY_ONE:
        return instants.mapped(instants.ONE_BY_ONE[name], evaluator.vector(arguments[0]))
    if name in instants.WITH_NUMBERS:
        return instants.with_numbers(name, evaluator.vector(arguments[0]), [evaluator.number(one) for one in arguments[1:]])
    match name:
        case "time":
            return evaluator.at / 1000
        case "vector":
            return [Sample(labels={}, value=evaluator.number(arguments[0]))]
        case "scalar":
            found = evaluator.vector(arguments[0])
            return found[0].value if len(found) == 1 else math.nan
        case "timestamp":
            return _timestamp(evaluator, arguments[0])
        case "sort" | "sort_desc":
            return _sorted(evaluator.vector(arguments[0]), falling=name == "sort_desc")
        case "label_replace" | "label_join":
            texts = [str(evaluator.value(one)) for one in arguments[1:]]
            change = instants.label_replace if name == "label_replace" else instants.label_join
            return change(evaluator.vector(arguments[0]), texts)
        case "histogram_quantile":
            return histogram_quantile(evaluator.number(arguments[0]), evaluator.vector(arguments[1]))
        case "quantile_over_time":
            function = windows.quantile_over_time(evaluator.number(arguments[0]))
            return _over_windows(evaluator, function, arguments[1], keep_name=False)
    # absent and absent_over_time
    is_there = evaluator.ranges(arguments[0]) if name == "absent_over_time" else evaluator.vector(arguments[0])
    return [] if is_there else [Sample(labels=_labels_that_were_asked_for(arguments[0]), value=1.0)]


def _over_windows(evaluator: Evaluator, function: windows.Function, argument: promql_parser.Expr, *, keep_name: bool) -> Vector:
    found = ((w.labels if keep_name else unnamed(w.labels), function(w)) for w in evaluator.ranges(argument))
    return distinct([Sample(labels=labels, value=float(value)) for labels, value in found if value is not None])


def _timestamp(evaluator: Evaluator, argument: promql_parser.Expr) -> Vector:
    """Of the sample itself where a selector is asked, else of the evaluation."""
    while isinstance(argument, promql_parser.ParenExpr):
        argument = argument.expr
    if isinstance(argument, promql_parser.VectorSelector):
        return distinct([Sample(labels=unnamed(s.labels), value=time / 1000) for s, time in evaluator.instant(argument)])
    return instants.mapped(lambda _: evaluator.at / 1000, evaluator.vector(argument))


def _sorted(vector: Vector, *, falling: bool) -> Vector:
    sign = -1 if falling else 1
    return sorted(vector, key=lambda sample: (math.isnan(sample.value), sign * sample.value))


def _labels_that_were_asked_for(argument: promql_parser.Expr) -> dict[str, str]:
    """Of a selector: what each label must be, where that is said by one `=`."""
    while isinstance(argument, promql_parser.ParenExpr):
        argument = argument.expr
    selector = argument.vector_selector if isinstance(argument, promql_parser.MatrixSelector) else argument
    if not isinstance(selector, promql_parser.VectorSelector):
        return {}
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in selector.matchers.matchers:
        if matcher.name != METRIC and str(matcher.op).endswith(".Equal") and matcher.name not in seen:
            labels[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            labels.pop(matcher.name, None)
    return {name: value for name, value in labels.items() if value}
