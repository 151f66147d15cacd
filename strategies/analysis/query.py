"""A gate's query: where its variables may stand, and the exact PromQL that is sent for one release.

Values go in at the leaves of the syntax tree and are quoted when the tree is printed, so no name, whatever it contains,
can change what a query asks; the matchers that a MetricSource forces go into every selector of the tree. `$window` is
the one variable that PromQL's grammar cannot hold: outside of strings it is replaced by a marker, an odd duration that
the text does not contain, and must then be found in the tree as a range, a step or an offset exactly as often as it was
written. A template's own parameters are variables too, filled in the same way: those that are durations as `$window` is, and
those that are numbers by an odd number. Text is never spliced with a value that comes from a cluster, and no query is sent
from here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Literal

from strategies.analysis import promql_reading, promql_tree
from strategies.analysis.promql_tree import Matcher, Node, Number, Selector, Subquery, Wrapped

Kind = Literal["text", "duration", "number"]
"""What a template's parameter is in a query: a label's value, a range, step or offset, or a number."""
Value = str | timedelta | float
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
POD_SUFFIX_LENGTH = 5
_POD_SUFFIX = f"[a-z0-9]{{{POD_SUFFIX_LENGTH}}}"
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
    """A query that was parsed and whose variables all stand in their places.

    `spans` and `numbers` are what stands in the tree for each variable that is a duration or a number.
    """

    text: str
    tree: Node
    variables: frozenset[str]
    kind: Literal["vector", "scalar"]
    spans: Mapping[str, timedelta]
    numbers: Mapping[str, str]

    def bind(self, binding: Binding, forced: Mapping[str, str] | None = None) -> str:
        """The PromQL to send: values for variables, and `forced` as `=` matchers in every selector. Raises QueryError.

        A selector that already matches on a forced label keeps its matcher: both must hold.
        """
        added = tuple(Matcher(name=name, operator="=", value=value) for name, value in (forced or {}).items())
        values = _values(binding, self.variables)
        return _read_back(self._filled(values, {WINDOW_VARIABLE: binding.window}, {}, added))

    def fill(self, values: Mapping[str, Value]) -> str:
        """The query's text with these values for a template's parameters; every other variable stays. Raises QueryError."""
        texts = {name: value for name, value in values.items() if isinstance(value, str)}
        numbers = {name: float(value) for name, value in values.items() if isinstance(value, int | float)}
        spans = {name: value for name, value in values.items() if isinstance(value, timedelta)}
        for name, value in texts.items():
            if "$" in value:
                raise QueryError("a value must not have $ in it: it would be taken for a variable", f"${name}")
        kept = {WINDOW_VARIABLE: self.spans[WINDOW_VARIABLE]} if WINDOW_VARIABLE in self.variables else {}
        text = _read_back(self._filled(texts, spans | kept, numbers, ()))
        if kept:
            marker = promql_tree.duration(kept[WINDOW_VARIABLE])
            bare = _without_literals(text)
            if list(spans.values()).count(self.spans[WINDOW_VARIABLE]):
                raise QueryError(f"take another duration than {marker}: it stands for $window here")
            for place in [found.start() for found in re.finditer(re.escape(marker), bare)][::-1]:
                text = f"{text[:place]}${WINDOW_VARIABLE}{text[place + len(marker) :]}"
        return text

    def _filled(
        self, texts: Mapping[str, str], spans: Mapping[str, timedelta], numbers: Mapping[str, float], added: tuple[Matcher, ...]
    ) -> Node:
        """The tree with values in it. A variable that has none stays."""
        durations = {self.spans[name]: value for name, value in spans.items() if name in self.spans}
        counts = {self.numbers[name]: value for name, value in numbers.items() if name in self.numbers}

        def filled(node: Node) -> Node:
            if isinstance(node, Selector):
                matchers = tuple(replace(m, value=_substitute(m, texts)) for m in node.matchers)
                node = replace(node, matchers=matchers + added)
            if isinstance(node, Number) and (given := counts.get(node.text.lstrip("-"))) is not None:
                return _number(-given if node.text.startswith("-") else given)
            return promql_tree.with_durations(node, lambda span: _exchanged(span, durations))

        return promql_tree.transform(self.tree, filled)


@lru_cache(maxsize=128)
def parse(text: str) -> Query:
    """Read a gate's query. Raises QueryError for syntax, unknown or misplaced variables, and a wrong type of result."""
    read = parse_any(text)
    return replace(read, kind=_kind(read.tree))


def parse_any(text: str, parameters: Mapping[str, Kind] | None = None) -> Query:
    """As `parse`, whatever the type of the result (its `kind` says nothing), and with a template's parameters as variables."""
    if len(text) > LONGEST:
        raise QueryError(f"a query may have {LONGEST} characters, this one has {len(text)}")
    kinds: dict[str, Kind] = {WINDOW_VARIABLE: "duration", **(parameters or {})}
    known = {name: kinds.get(name, "text") for name in (*VARIABLES, *kinds)}
    bare = _without_literals(text)
    spans = {name: _marker(text, number) for number, name in enumerate(known) if known[name] == "duration"}
    numbers = {name: _numeral(spans, text, number) for number, name in enumerate(known) if known[name] == "number"}
    written = {name: f"{span // timedelta(milliseconds=1)}ms" for name, span in spans.items()} | numbers
    prepared, marked = _mark(text, bare, known, written)
    try:
        tree = promql_reading.parse(prepared)
    except promql_tree.SyntaxProblem as problem:
        raise QueryError(f"no valid PromQL: {_with_names(str(problem), spans, numbers)}") from problem
    used = set[str](marked)
    for node in promql_tree.walk(tree):
        used |= _check_names(node, known)
    _check_marks(tree, marked, spans, numbers)
    return Query(text=text, tree=tree, variables=frozenset(used), kind="vector", spans=spans, numbers=numbers)


def pods_pattern(replica_set: str) -> str:
    """The regular expression (anchored by PromQL) of the names of exactly this ReplicaSet's pods."""
    return re.escape(pods_prefix(replica_set)) + _POD_SUFFIX


def pods_prefix(replica_set: str) -> str:
    """What the names of this ReplicaSet's pods begin with."""
    return (replica_set + "-")[:_POD_PREFIX_LIMIT]


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


def _marker(text: str, number: int) -> timedelta:
    milliseconds = 77_777_777 + 1000 * number  # an odd one, and within what promql_parser can read as milliseconds
    while str(milliseconds) in text:
        milliseconds += 1
    return timedelta(milliseconds=milliseconds)


def _numeral(spans: Mapping[str, timedelta], text: str, number: int) -> str:
    marker = _marker(text + " ".join(map(str, spans)), number)
    return repr(float(marker // timedelta(milliseconds=1)) + 0.5)


def _mark(text: str, bare: str, known: Mapping[str, Kind], written: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with a marker for each duration and number outside of strings, and the names of these, as often as they stand."""
    parts, end, marked = [], 0, []
    for found in _VARIABLE.finditer(bare):
        braces, name = found.groups()
        _require_known(name, braces, _position(text, found.start()), known)
        if name not in written:
            raise QueryError(f"${name}: {_NOWHERE}", _position(text, found.start()))
        parts += [text[end : found.start()], written[name]]
        end = found.end()
        marked.append(name)
    return "".join([*parts, text[end:]]), marked


def _check_marks(tree: Node, marked: list[str], spans: Mapping[str, timedelta], numbers: Mapping[str, str]) -> None:
    """Each marker must be found as what it stands for, as often as it was written."""
    nodes = list(promql_tree.walk(tree))
    seen = [abs(span) for node in nodes for span in promql_tree.durations(node)]
    counts = [node.text.lstrip("-") for node in nodes if isinstance(node, Number)]
    for name, span in spans.items():
        if seen.count(span) != marked.count(name):
            raise QueryError(f"it may stand only as a range, a step or an offset, as in [${name}]", f"${name}")
    for name, text in numbers.items():
        if counts.count(text) != marked.count(name):
            raise QueryError("it may stand only as a number", f"${name}")


def _with_names(message: str, spans: Mapping[str, timedelta], numbers: Mapping[str, str]) -> str:
    for name, shown in [*((name, promql_tree.duration(span)) for name, span in spans.items()), *numbers.items()]:
        message = message.replace(shown, f"${name}")
    return message


def _position(text: str, index: int) -> str:
    line = text.count("\n", 0, index) + 1
    return f"line {line}, column {index - text.rfind(chr(10), 0, index)}"


def _require_known(name: str, braces: str, where: str, known: Iterable[str]) -> None:
    if braces:
        raise QueryError(f"write ${name} without braces", where)
    if name not in known:
        raise QueryError(f"${name} is no variable; there are {', '.join(f'${variable}' for variable in known)}", where)


def _check_names(node: Node, known: Mapping[str, Kind]) -> set[str]:
    """The variables of this node's strings. Raises QueryError for one that may not stand there."""
    match node:
        case Selector():
            return {name for matcher in node.matchers for name in _check_matcher(matcher, known)}
        case promql_tree.String():
            for _, name in _VARIABLE.findall(node.value):
                if name in known:  # anything else is label_replace's own $1 or $name
                    raise QueryError(f"${name}: {_NOWHERE}", promql_tree.quote(node.value))
        case promql_tree.Aggregate(grouping=(_, labels)):
            if misplaced := [label for label in labels if "$" in label]:
                raise QueryError(f"a label's name cannot be a variable; {_NOWHERE}", misplaced[0])
    return set()


def _check_matcher(matcher: Matcher, known: Mapping[str, Kind]) -> Iterator[str]:
    where = f"{matcher.name}{matcher.operator}{promql_tree.quote(matcher.value)}"
    if "$" in matcher.name:
        raise QueryError(f"a label's name cannot be a variable; {_NOWHERE}", where)
    for found in _VARIABLE.finditer(matcher.value):
        braces, name = found.groups()
        _require_known(name, braces, where, known)
        if known[name] != "text":
            example = f"[${name}]" if known[name] == "duration" else f"> ${name}"
            raise QueryError(f"${name} is a {known[name]}, as in {example}, not a label's value", where)
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
        if name not in values:
            return found[0]
        return values[name] if exact or name in POD_VARIABLES else re.escape(values[name])

    return _VARIABLE.sub(value, matcher.value)


def _exchanged(span: timedelta, values: Mapping[timedelta, timedelta]) -> timedelta:
    return -values[-span] if -span in values else values.get(span, span)


def _number(value: float) -> Node:
    number = Number(text=repr(value))
    return Wrapped(inner=number, negated=False) if value < 0 else number  # -1 ^ 2 is not (-1) ^ 2


def _read_back(tree: Node) -> str:
    """The tree's text, if that is read as this very tree. Raises QueryError."""
    try:
        text = promql_tree.render(tree)
        if promql_reading.parse(text) != tree:
            raise QueryError("the bound query does not read back as the same query; a name in it is not usable")
    except promql_tree.SyntaxProblem as problem:
        raise QueryError(f"the bound query is refused: {problem}") from problem
    return text


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
