"""Reading PromQL: from text to the values of promql_tree, by way of promql_parser, the only place that names it.

A query is accepted only if its printed form reads back as an equal tree, so what is reviewed is what is asked. Parts of
the language that could read series no matcher restricts, or that make values up, are refused here.
"""

from datetime import timedelta
from typing import Literal

import promql_parser

from strategies.analysis.promql_tree import (
    Aggregate,
    Binary,
    Call,
    Matcher,
    Node,
    Number,
    Selector,
    String,
    Subquery,
    SyntaxProblem,
    When,
    Wrapped,
    render,
)

_OPERATORS: dict[str, Literal["=", "!=", "=~", "!~"]] = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
# Deeper queries are nobody's, and the recursion of parser and printer must have an end.
_DEEPEST = 100


def parse(text: str) -> Node:
    """The tree of a query. Raises SyntaxProblem."""
    tree = _read(text)
    if _read(render(tree)) != tree:
        raise SyntaxProblem("this query cannot be read without loss; write it in a simpler form")
    return tree


def _read(text: str) -> Node:
    try:
        return _copy(promql_parser.parse(text), 0)
    except SyntaxProblem:
        raise
    except (ValueError, OverflowError) as problem:
        raise SyntaxProblem(str(problem)) from problem


def _copy(node: promql_parser.Expr, depth: int) -> Node:  # noqa: PLR0912  one branch for each kind of node
    if depth > _DEEPEST:
        raise SyntaxProblem(f"nested deeper than {_DEEPEST} levels")
    below = depth + 1
    match node:
        case promql_parser.VectorSelector():
            return _selector(node, None)
        case promql_parser.MatrixSelector():
            return _selector(node.vector_selector, node.range)
        case promql_parser.SubqueryExpr():
            if node.range is None:
                raise SyntaxProblem("a subquery needs a range")
            return Subquery(inner=_copy(node.expr, below), range=node.range, step=node.step, when=_when(node))
        case promql_parser.NumberLiteral():
            return Number(text=repr(node.val))
        case promql_parser.StringLiteral():
            return String(value=node.val)
        case promql_parser.Call():
            if node.func.name == "info":  # it reads series that no selector of the query names
                raise SyntaxProblem("info() is not allowed: what it reads cannot be restricted by matchers")
            arguments = tuple(_copy(argument, below) for argument in node.args)
            returns = "scalar" if node.func.return_type == promql_parser.ValueType.Scalar else "vector"
            return Call(function=node.func.name, arguments=arguments, returns=returns)
        case promql_parser.AggregateExpr():
            parameter = None if node.param is None else _copy(node.param, below)
            grouping = None
            if node.modifier is not None:
                by = node.modifier.type == promql_parser.AggModifierType.By
                grouping = ("by" if by else "without", tuple(node.modifier.labels))
            return Aggregate(operator=str(node.op), grouping=grouping, parameter=parameter, inner=_copy(node.expr, below))
        case promql_parser.BinaryExpr():
            left, right = _copy(node.lhs, below), _copy(node.rhs, below)
            return Binary(left=left, operator=str(node.op), modifiers=_modifiers(node.modifier), right=right)
        case promql_parser.ParenExpr():
            return Wrapped(inner=_copy(node.expr, below), negated=False)
        case promql_parser.UnaryExpr():
            return Wrapped(inner=_copy(node.expr, below), negated=True)
    raise SyntaxProblem(f"{type(node).__name__} is not supported")


def _selector(node: promql_parser.VectorSelector, span: timedelta | None) -> Selector:
    if node.matchers.or_matchers:
        raise SyntaxProblem("`or` between matchers is not Prometheus' PromQL: use `or` between two selectors, or `=~`")
    matchers = tuple(
        Matcher(name=m.name, operator=_OPERATORS[str(m.op).rpartition(".")[2]], value=m.value) for m in node.matchers.matchers
    )
    return Selector(metric=node.name, matchers=matchers, range=span, when=_when(node))


def _when(node: promql_parser.VectorSelector | promql_parser.SubqueryExpr) -> When:
    if node.at is None:
        return When(offset=node.offset, at=None)
    if node.at.type == promql_parser.AtModifierType.At:
        return When(offset=node.offset, at=node.at.at)
    return When(offset=node.offset, at="start" if node.at.type == promql_parser.AtModifierType.Start else "end")


def _modifiers(modifier: promql_parser.BinModifier | None) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
    if modifier is None:
        return ()
    # The two enumerations of promql_parser compare, but cannot be hashed: no table here.
    if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
        raise SyntaxProblem("fill() is experimental in Prometheus and would invent values: not allowed")
    found: list[tuple[str, tuple[str, ...] | None]] = [("bool", None)] if modifier.return_bool else []
    if modifier.matching is not None:
        on = modifier.matching.type == promql_parser.LabelModifierType.Include
        found.append(("on" if on else "ignoring", tuple(modifier.matching.labels)))
    group = tuple(modifier.group_labels or ())
    if modifier.card == promql_parser.VectorMatchCardinality.ManyToOne:
        found.append(("group_left", group))
    elif modifier.card == promql_parser.VectorMatchCardinality.OneToMany:
        found.append(("group_right", group))
    return tuple(found)
