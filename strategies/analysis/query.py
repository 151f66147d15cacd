"""A gate's query: where its variables may stand, and the exact PromQL that is sent for one release.

Values go in at the leaves of the syntax tree and are quoted when the tree is printed, so no name, whatever it contains,
can change what a query asks; the matchers that a MetricSource forces go into every selector of the tree. `$window` is
the one variable that PromQL's grammar cannot hold: outside of strings it is replaced by a marker, an odd duration that
the text does not contain, and must then be found in the tree as a range, a step or an offset exactly as often as it was
written. Text is never spliced with a value that comes from a cluster, and no query is sent from here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from strategies.analysis import promql_reading, promql_tree
from strategies.analysis.promql_tree import Matcher, Node, Selector, Subquery

LABEL_VARIABLES = ("namespace", "release", "stable", "candidate")
POD_VARIABLES = ("stable_pods", "candidate_pods")
WINDOW_VARIABLE = "window"
VARIABLES = (*LABEL_VARIABLES, *POD_VARIABLES, WINDOW_VARIABLE)
LONGEST = 8192
# The parser takes time that grows with the square of nesting: 512 brackets and operators are read within 50 ms.
_MOST_SYMBOLS = 512
_SYMBOL = re.compile(r"[(\[{+\-*/%^<>=!]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_LITERAL = re.compile(r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`|#[^\n]*""")
_BYTE_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\(?:x[89A-Fa-f]|[2-3][0-7]{2})")
_VARIABLE = re.compile(r"\$(\{?)([A-Za-z_][A-Za-z0-9_]*)")
# The random end of a pod's name, and where Kubernetes cuts the name before it to leave 63 characters in all.
_POD_SUFFIX = "[a-z0-9]{5}"
_POD_PREFIX_LIMIT = 58
_NOWHERE = "it may stand only inside quotes, as the value of a label matcher"


class QueryError(ValueError):
    """A query that cannot be used. `where` is the place: "line 1, column 7", a matcher, or a variable."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.where = where


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What the variables stand for. Stable and candidate are pod-template-hashes, then the ReplicaSets' names.

    What does not exist (yet) is "": a query that asks for it is refused when bound.
    """

    namespace: str
    release: str
    stable: str
    candidate: str
    stable_replica_set: str
    candidate_replica_set: str
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query that was parsed and whose variables all stand in their places."""

    text: str
    tree: Node
    variables: frozenset[str]
    kind: Literal["vector", "scalar"]
    marker: timedelta

    def bind(self, binding: Binding, forced: Mapping[str, str] | None = None) -> str:
        """The PromQL to send: values for variables, and `forced` as `=` matchers in every selector. Raises QueryError.

        A selector that already matches on a forced label keeps its matcher: both must hold.
        """
        added = tuple(Matcher(name=name, operator="=", value=value) for name, value in (forced or {}).items())
        values = _values(binding, self.variables)

        def bound(node: Node) -> Node:
            if isinstance(node, Selector):
                matchers = tuple(replace(m, value=_substitute(m, values)) for m in node.matchers)
                node = replace(node, matchers=matchers + added)
            return promql_tree.with_durations(node, lambda span: _windowed(span, self.marker, binding.window))

        tree = promql_tree.transform(self.tree, bound)
        try:
            text = promql_tree.render(tree)
            if promql_reading.parse(text) != tree:
                raise QueryError("the bound query does not read back as the same query; a name in it is not usable")
        except promql_tree.SyntaxProblem as problem:
            raise QueryError(f"the bound query is refused: {problem}") from problem
        return text


def parse(text: str) -> Query:
    """Read a gate's query. Raises QueryError for syntax, unknown or misplaced variables, and a wrong type of result."""
    read = parse_any(text)
    return replace(read, kind=_kind(read.tree))


def parse_any(text: str) -> Query:
    """As `parse`, whatever the type of the result; its `kind` says nothing."""
    if len(text) > LONGEST:
        raise QueryError(f"a query may have {LONGEST} characters, this one has {len(text)}")
    bare = _without_literals(text)
    marker = _marker(text)
    prepared, marks = _mark_windows(text, bare, marker)
    try:
        tree = promql_reading.parse(prepared)
    except promql_tree.SyntaxProblem as problem:
        message = str(problem).replace(promql_tree.duration(marker), f"${WINDOW_VARIABLE}")
        raise QueryError(f"no valid PromQL: {message}") from problem
    used = set[str]()
    for node in promql_tree.walk(tree):
        used |= _check_names(node)
    if marks:
        used.add(WINDOW_VARIABLE)
    if sum(abs(span) == marker for node in promql_tree.walk(tree) for span in promql_tree.durations(node)) != marks:
        raise QueryError("it may stand only as a range, a step or an offset, as in [$window]", f"${WINDOW_VARIABLE}")
    return Query(text=text, tree=tree, variables=frozenset(used), kind="vector", marker=marker)


def pods_pattern(replica_set: str) -> str:
    """The regular expression (anchored by PromQL) of the names of exactly this ReplicaSet's pods."""
    return re.escape((replica_set + "-")[:_POD_PREFIX_LIMIT]) + _POD_SUFFIX


def _without_literals(text: str) -> str:
    """The text with strings and comments blanked, every other character at its place."""
    for literal in _LITERAL.finditer(text):
        # promql_parser reads \xc3 as a character, Prometheus as a byte: the two would ask for different series.
        if literal[0][0] in "\"'" and _BYTE_ESCAPE.search(literal[0]):
            raise QueryError("write the character itself instead of its bytes", _position(text, literal.start()))
    bare = _LITERAL.sub(lambda literal: " " * len(literal[0]), text)
    if len(_SYMBOL.findall(bare)) > _MOST_SYMBOLS:
        raise QueryError(f"a query may have {_MOST_SYMBOLS} brackets and operators")
    # promql_parser panics on a time before 1970.
    if early := re.search(r"@\s*[-+]", bare):
        raise QueryError("@ takes a time in seconds, without a sign", _position(text, early.start()))
    return bare


def _marker(text: str) -> timedelta:
    milliseconds = 77_777_777  # an odd one, and within what promql_parser can read as milliseconds
    while str(milliseconds) in text:
        milliseconds += 1
    return timedelta(milliseconds=milliseconds)


def _mark_windows(text: str, bare: str, marker: timedelta) -> tuple[str, int]:
    """The text with each `$window` outside of strings replaced by the marker, and how many there were."""
    parts, end, marks = [], 0, 0
    for found in _VARIABLE.finditer(bare):
        braces, name = found.groups()
        _require_known(name, braces, _position(text, found.start()))
        if name != WINDOW_VARIABLE:
            raise QueryError(f"${name}: {_NOWHERE}", _position(text, found.start()))
        parts += [text[end : found.start()], f"{marker // timedelta(milliseconds=1)}ms"]
        end, marks = found.end(), marks + 1
    return "".join([*parts, text[end:]]), marks


def _position(text: str, index: int) -> str:
    line = text.count("\n", 0, index) + 1
    return f"line {line}, column {index - text.rfind(chr(10), 0, index)}"


def _require_known(name: str, braces: str, where: str) -> None:
    if braces:
        raise QueryError(f"write ${name} without braces", where)
    if name not in VARIABLES:
        known = ", ".join(f"${variable}" for variable in VARIABLES)
        raise QueryError(f"${name} is no variable; there are {known}", where)


def _check_names(node: Node) -> set[str]:
    """The variables of this node's strings. Raises QueryError for one that may not stand there."""
    match node:
        case Selector():
            return {name for matcher in node.matchers for name in _check_matcher(matcher)}
        case promql_tree.String():
            for _, name in _VARIABLE.findall(node.value):
                if name in VARIABLES:  # anything else is label_replace's own $1 or $name
                    raise QueryError(f"${name}: {_NOWHERE}", promql_tree.quote(node.value))
        case promql_tree.Aggregate(grouping=(_, labels)):
            if misplaced := [label for label in labels if "$" in label]:
                raise QueryError(f"a label's name cannot be a variable; {_NOWHERE}", misplaced[0])
    return set()


def _check_matcher(matcher: Matcher) -> Iterator[str]:
    where = f"{matcher.name}{matcher.operator}{promql_tree.quote(matcher.value)}"
    if "$" in matcher.name:
        raise QueryError(f"a label's name cannot be a variable; {_NOWHERE}", where)
    for found in _VARIABLE.finditer(matcher.value):
        braces, name = found.groups()
        _require_known(name, braces, where)
        if name == WINDOW_VARIABLE:
            raise QueryError("$window is a duration, as in [$window], not a label's value", where)
        if name in POD_VARIABLES and (matcher.operator != "=~" or matcher.value != f"${name}"):
            raise QueryError(f'${name} is a whole regular expression: write {matcher.name}=~"${name}"', where)
        if matcher.operator in ("=~", "!~") and matcher.value[: found.start()].endswith("\\"):
            raise QueryError(f"a backslash before ${name} would change its first character", where)
        yield name


def _values(binding: Binding, used: frozenset[str]) -> dict[str, str]:
    values = {name: str(getattr(binding, name)) for name in LABEL_VARIABLES}
    replica_sets = {"stable_pods": binding.stable_replica_set, "candidate_pods": binding.candidate_replica_set}
    for name in used:
        if name != WINDOW_VARIABLE and not (values | replica_sets)[name]:
            raise QueryError("it has no value for this release now", f"${name}")
    patterns = {name: pods_pattern(replica_set) for name, replica_set in replica_sets.items()}
    if used & set(POD_VARIABLES) and patterns["stable_pods"] == patterns["candidate_pods"]:
        raise QueryError(
            "the pods of stable and candidate have the same names, because Kubernetes cuts long ones; "
            "match on the label pod-template-hash with $candidate and $stable, or shorten the Deployment's name"
        )
    return values | patterns


def _substitute(matcher: Matcher, values: Mapping[str, str]) -> str:
    exact = matcher.operator in ("=", "!=")

    def value(found: re.Match[str]) -> str:
        name = found[2]
        return values[name] if exact or name in POD_VARIABLES else re.escape(values[name])

    return _VARIABLE.sub(value, matcher.value)


def _windowed(span: timedelta, marker: timedelta, window: timedelta) -> timedelta:
    return window if span == marker else -window if span == -marker else span


def _kind(node: Node) -> Literal["vector", "scalar"]:
    match node:
        case promql_tree.Number():
            return "scalar"
        case promql_tree.Wrapped(inner=inner):
            return _kind(inner)
        case promql_tree.Call(returns="scalar"):
            return "scalar"
        case promql_tree.Binary(left=left, right=right):
            return "scalar" if _kind(left) == _kind(right) == "scalar" else "vector"
        case promql_tree.String():
            raise QueryError("the query is a string; a gate needs a number, from an instant vector or a scalar")
        case Subquery() | Selector(range=timedelta()):
            raise QueryError("the query gives a range of values; wrap it, as in rate(…[$window]), to get one number")
    return "vector"
