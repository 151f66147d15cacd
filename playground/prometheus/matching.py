"""Label matchers of selectors: `=`, `!=`, `=~`, `!~`, with regular expressions anchored at both ends. Pure."""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from playground.prometheus.problems import BadQuery

Labels = Mapping[str, str]
"""The metric's name is the label __name__. Labels without a value are not there."""
METRIC = "__name__"
_LITERAL = re.compile(r"(?:[\w:/@ -]|\\[^\w])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One matcher; `value` is a regular expression after `=~` and `!~`."""

    name: str
    operator: str
    value: str


def predicate(matcher: Matcher) -> Callable[[str], bool]:
    """Whether a label's value ("" for none) matches. Raises BadQuery for an expression that Python does not know."""
    wanted = matcher.value
    if matcher.operator == "=":
        return lambda value: value == wanted
    if matcher.operator == "!=":
        return lambda value: value != wanted
    pattern, is_wanted = compiled(wanted), matcher.operator == "=~"
    return lambda value: (pattern.fullmatch(value) is not None) is is_wanted


def matches(matchers: Sequence[Matcher], labels: Labels) -> bool:
    """Whether all of them match."""
    return all(predicate(matcher)(labels.get(matcher.name, "")) for matcher in matchers)


@lru_cache(maxsize=1024)
def compiled(expression: str) -> re.Pattern[str]:
    """A regular expression; the few things that only RE2 knows are refused."""
    try:
        with warnings.catch_warnings(action="error"):  # Python warns of what it reads in another way than RE2.
            return re.compile(expression, re.DOTALL)
    except (re.error, Warning) as problem:
        raise BadQuery(f"the playground cannot read the regular expression {expression!r}: {problem}") from problem


def prefix(expression: str) -> str:
    """What every value that the expression matches begins with; perhaps less than there is."""
    if "|" in expression:
        return ""
    found = _LITERAL.match(expression)
    assert found is not None
    literal = found[0]
    if expression[found.end() :][:1] in ("*", "?", "{"):  # They are about the last character.
        literal = literal[:-1].removesuffix("\\")
    return re.sub(r"\\(.)", r"\1", literal)
