"""Label and field selectors: from the text of a query to a question about an object.

The grammar is that of apimachinery's labels.Parse: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, `a>1`,
`a<1`, joined by commas. Field selectors know `=`, `==` and `!=`, and only the fields that a kind names.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from playground.apiserver import errors
from playground.apiserver.objects import Object, labels_of

Question = Callable[[Object], bool]
Requirement = Callable[[Mapping[str, str]], bool]

_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<gone>{_NAME})"
    rf"|(?P<key>{_NAME})\s*(?:(?P<op>==|=|!=|>|<)\s*(?P<value>(?:{_NAME})?)"
    rf"|\s(?P<set>in|notin)\s*\((?P<values>[^)]*)\))?)\s*(?:,|$)"
)


def _requirement(match: re.Match[str]) -> Requirement:
    if match["absent"]:
        gone = match["gone"]
        return lambda labels: gone not in labels
    key, value = match["key"], match["value"]
    if match["set"]:
        values = {item.strip() for item in match["values"].split(",")}
        if match["set"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if match["op"] in ("=", "=="):
        return lambda labels: labels.get(key) == value
    if match["op"] == "!=":
        return lambda labels: labels.get(key) != value
    if match["op"] in (">", "<"):
        limit, sign = int(value), 1 if match["op"] == ">" else -1
        return lambda labels: key in labels and labels[key].isdigit() and (int(labels[key]) - limit) * sign > 0
    return lambda labels: key in labels


@lru_cache(maxsize=1024)
def for_labels(text: str) -> Question:
    """Raises ApiError (400) when the text is no selector."""
    requirements, position = [], 0
    while position < len(text):
        match = _REQUIREMENT.match(text, position)
        if match is None or (match["op"] in (">", "<") and not (match["value"] or "").isdigit()):
            raise errors.bad_request(
                f"unable to parse requirement: found {errors.quoted(text[position:])}, which is no label selector"
            )
        requirements.append(_requirement(match))
        position = match.end()
    return lambda obj: all(holds(labels_of(obj)) for holds in requirements)


def for_set(selector: Object) -> Question:
    """A LabelSelector (`matchLabels`, `matchExpressions`); an empty one matches everything."""
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions = [(e["key"], e["operator"], set(e.get("values") or ())) for e in selector.get("matchExpressions") or ()]
    tests: Mapping[str, Callable[[str, set[str], Mapping[str, str]], bool]] = {
        "In": lambda key, values, labels: labels.get(key) in values,
        "NotIn": lambda key, values, labels: labels.get(key) not in values,
        "Exists": lambda key, _, labels: key in labels,
        "DoesNotExist": lambda key, _, labels: key not in labels,
    }

    def matches(obj: Object) -> bool:
        labels = labels_of(obj)
        plain = all(labels.get(key) == value for key, value in wanted.items())
        return plain and all(tests[operator](key, values, labels) for key, operator, values in expressions)

    return matches


def _field(obj: Object, path: str) -> str:
    value: object = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def for_fields(text: str, known: frozenset[str]) -> Question:
    """`known`: the paths that may be asked for beside metadata.name and metadata.namespace. Raises ApiError (400)."""
    requirements: list[tuple[str, bool, str]] = []
    for part in filter(None, (item.strip() for item in text.split(","))):
        match = re.fullmatch(r"([^=!]+?)\s*(==|=|!=)\s*(.*)", part)
        if match is None:
            raise errors.bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        if match[1] not in known and match[1] not in ("metadata.name", "metadata.namespace"):
            only = f'"{match[1]}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            raise errors.bad_request(f"field label not supported: {match[1]}" if known else only)
        requirements.append((match[1], match[2] != "!=", match[3]))
    return lambda obj: all((_field(obj, path) == value) == equal for path, equal, value in requirements)
