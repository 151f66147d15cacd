"""What an expression is worth, given its variables. Absent fields are errors, as in CEL: rules guard them with has().

`&&`, `||`, `all` and `exists` forgive an error if the other side decides.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from playground.apiserver.schema import cel
from playground.apiserver.schema.cel_functions import FUNCTIONS, METHODS, OPERATORS, Failed

Variables = Mapping[str, Any]
_CALLS = {**FUNCTIONS, **METHODS, **OPERATORS}


def evaluated(tree: cel.Tree, variables: Variables) -> Any:
    """The value. Raises Failed."""
    try:
        return _VALUES[type(tree)](tree, variables)
    except (AttributeError, IndexError, TypeError, ValueError) as problem:
        raise Failed("no such overload") from problem


def _name(tree: cel.Name, variables: Variables) -> Any:
    if tree.name not in variables:
        raise Failed(f"undeclared reference to '{tree.name}'")
    return variables[tree.name]


def _select(tree: cel.Select, variables: Variables) -> Any:
    holder = evaluated(tree.of, variables)
    if not isinstance(holder, dict):
        raise Failed("no such overload")
    if tree.test:
        return tree.field in holder
    if tree.field not in holder:
        raise Failed(f"no such key: {tree.field}")
    return holder[tree.field]


def _index(tree: cel.Index, variables: Variables) -> Any:
    holder, at = evaluated(tree.of, variables), evaluated(tree.at, variables)
    if isinstance(holder, dict):
        if at not in holder:
            raise Failed(f"no such key: {at}")
        return holder[at]
    if not isinstance(holder, list) or isinstance(at, bool) or not 0 <= at < len(holder):
        raise Failed(f"index out of bounds: {at}")
    return holder[int(at)]


def _call(tree: cel.Call, variables: Variables) -> Any:
    if tree.function in ("&&", "||"):
        decides = tree.function == "||"
        return _any((partial(evaluated, each, variables) for each in tree.arguments), decides=decides)
    if tree.function == "?:":
        condition, yes, no = tree.arguments
        return evaluated(yes if _boolean(evaluated(condition, variables)) else no, variables)
    if tree.function == "!_":
        return not _boolean(evaluated(tree.arguments[0], variables))
    return _CALLS[tree.function](*(evaluated(each, variables) for each in tree.arguments))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Failed("no such overload")
    return value


def _any(asked: Iterable[Callable[[], Any]], *, decides: bool) -> bool:
    """`decides` as soon as one is that; otherwise the first error, or the other value."""
    failure: Failed | None = None
    for ask in asked:
        try:
            if _boolean(ask()) is decides:
                return decides
        except Failed as problem:
            failure = failure or problem
    if failure is not None:
        raise failure
    return not decides


def _loop(tree: cel.Loop, variables: Variables) -> Any:
    over = list(evaluated(tree.over, variables))
    first, *rest = tree.bodies

    def body(item: Any, which: cel.Tree = first) -> Any:
        return evaluated(which, {**variables, tree.variable: item})

    if tree.macro in ("all", "exists"):
        return _any((partial(body, item) for item in over), decides=tree.macro == "exists")
    if tree.macro == "filter":
        return [item for item in over if _boolean(body(item))]
    if tree.macro == "map":
        return [body(item, rest[0] if rest else first) for item in over if not rest or _boolean(body(item))]
    return sum(_boolean(body(item)) for item in over) == 1


_VALUES: Mapping[type, Callable[[Any, Variables], Any]] = {
    cel.Literal: lambda tree, _: tree.value,
    cel.Name: _name,
    cel.Select: _select,
    cel.Index: _index,
    cel.Call: _call,
    cel.Loop: _loop,
    cel.Listed: lambda tree, variables: [evaluated(item, variables) for item in tree.items],
    cel.Mapped: lambda tree, variables: {evaluated(k, variables): evaluated(v, variables) for k, v in tree.items},
}
