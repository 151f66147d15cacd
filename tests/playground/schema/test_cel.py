"""The expression language, and the rules of the product's own definitions as the real server judges them."""

from typing import Any

import pytest

from playground.apiserver.schema import cel
from playground.apiserver.schema.cel_functions import Failed
from playground.apiserver.schema.cel_values import evaluated
from strategies.spec.gate import ONE_FORM
from tests.playground.schema.definitions import own

SELF = {"n": 3, "s": "abc", "l": [1, 2, 3], "m": {"a": 1, "b": 2}, "o": [{"k": "x"}, {"k": "y"}], "d": "90s"}


def value(text: str) -> Any:
    """What an expression is worth about SELF."""
    return evaluated(cel.parsed(text), {"self": SELF})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 == 7 && !false", True),
        ("-7 / 2 == -3 && -7 % 2 == -1", True),
        ("'a' + \"b\" == 'ab' && r'\\d' == '\\\\d'", True),
        ('r"""a"b""" == \'a"b\'', True),
        ("[1, 2] + [3] == self.l", True),
        ("{'a': 1, 'b': 2} == self.m", True),
        ("1 == 1.0 && 1 != '1' && true != 1", True),
        ("has(self.n) && !has(self.absent)", True),
        ("self.absent == 1 || true", True),
        ("true || self.absent == 1", True),
        ("false && self.absent == 1", False),
        ("self.n > 2 ? 'yes' : 'no'", "yes"),
        ("self.n in self.l && !('c' in self.m)", True),
        ("self.l.all(x, x > 0) && self.l.exists(x, x == 2) && self.l.exists_one(x, x == 2)", True),
        ("self.l.filter(x, x > 1).map(x, x * 2)", [4, 6]),
        ("self.l.map(x, x > 1, x * 2)", [4, 6]),
        ("self.m.all(k, self.m[k] < 3) && size(self.m) == 2", True),
        ("self.o.all(a, self.o.filter(b, b.k == a.k).size() == 1)", True),
        ("self.l.isSorted() && !['b', 'a'].isSorted() && self.o.map(e, e.k).isSorted()", True),
        ("self.s.startsWith('a') && self.s.endsWith('c') && self.s.contains('b') && self.s.matches('^[a-c]+$')", True),
        ("duration(self.d) >= duration('1m') && duration('1h30m') > duration('500ms')", True),
        ("self.s.size() == 3 && self.l[size(self.l) - 1] == 3", True),
        ("string(self.n) + self.s.upperAscii()", "3ABC"),
        ("int('4') + self.n", 7),
        ("isIP('10.0.0.1') && !isIP('x')", True),
    ],
)  # fmt: skip
def test_an_expression_has_its_value(text: str, expected: Any) -> None:
    """Operators, macros and functions as in CEL."""
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("self.absent", "no such key: absent"),
        ("self.n + 'a'", "no such overload"),
        ("self.n < 'a'", "no such overload"),
        ("1 / 0", "division by zero"),
        ("self.l[9]", "index out of bounds: 9"),
        ("self.n && true", "no such overload"),
        ("self.s.size().startsWith('a')", "no such overload"),
        ("duration('x')", "type conversion error from 'string' to 'google.protobuf.Duration'"),
        ("other", "undeclared reference to 'other'"),
        ("self.l.all(x, x.y == 1)", "no such overload"),
    ],
)
def test_an_expression_without_a_value_says_why(text: str, said: str) -> None:
    """In CEL's words."""
    with pytest.raises(Failed, match=said.replace("(", r"\(")):
        value(text)


@pytest.mark.parametrize(
    "text", ["", "1 +", "self.", "(1", "[1, 2", "a b", "has(self)", "1 ? 2", "nope(1)", "self.nope()", "'a", "#"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    """Before any object is there."""
    with pytest.raises(cel.Unreadable):
        cel.parsed(text)


def gate(**threshold: Any) -> dict[str, Any]:
    """A gate with this threshold."""
    return {"name": "a", "threshold": {"query": "up", "max": 1, **threshold}}


def canary(*weights: int) -> dict[str, Any]:
    """A canary strategy with steps of these weights."""
    return {"strategy": {"canary": {"steps": [{"weight": weight} for weight in weights]}}}


RELEASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    (canary(5, 25, 100), []),
    (canary(5, 50), ["spec.strategy.canary: Invalid value: steps must end with weight: 100, or the release would never finish; "
                     "add a last step of weight 100"]),
    (canary(50, 5, 100), ["spec.strategy.canary: Invalid value: weights must rise from step to step; put the steps in rising "
                          "order, each weight once"]),
    (canary(5, 5, 100), ["spec.strategy.canary: Invalid value: weights must rise from step to step; put the steps in rising "
                         "order, each weight once"]),
    ({"gates": [gate(), gate()]}, ["spec: Invalid value: each gate needs a name of its own"]),
    ({"gates": [{"name": "a"}]}, [f"spec.gates[0]: Invalid value: {ONE_FORM}"]),
    ({"gates": [{"name": "a", "threshold": {"query": "up"}}]},
     ["spec.gates[0].threshold: Invalid value: set min, max or both, or the gate could never fail"]),
    ({"gates": [gate(min=2)]}, ["spec.gates[0].threshold: Invalid value: min must not be above max; exchange them"]),
    ({"gates": [gate(interval="1ms")]}, ["spec.gates[0].threshold: Invalid value: interval must be at least 1s"]),
    ({"gates": [gate(window="0s")]}, ["spec.gates[0].threshold: Invalid value: window must be at least 1s"]),
]  # fmt: skip
SOURCES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"labels": {"a": "b", "1x": "y"}},
     ["spec: Invalid value: labels are named by letters, digits and _, and do not begin with a digit"]),
    ({"timeout": "2m"}, ["spec: Invalid value: timeout must be between 1s and 1m"]),
    ({"authentication": {"bearer": {"name": "a", "key": "b"}, "bearerFile": "/var/run/secrets/x"}},
     ["spec.authentication: Invalid value: choose one of bearer, bearerFile and basic"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("plural", "spec", "sentences"),
    [
        *(("releases", {"workloadRef": {"name": "web"}, **spec}, said) for spec, said in RELEASES),
        *(("metricsources", {"address": "http://p:9090", **spec}, said) for spec, said in SOURCES),
    ],
)
def test_the_products_rules_judge_as_on_the_real_server(plural: str, spec: dict[str, Any], sentences: list[str]) -> None:
    """Every rule of the definitions in the chart, kept and broken."""
    schema = own(plural)
    obj = schema.default({"metadata": {"name": "x"}, "spec": spec})
    assert [f"{field}: {message}" for _, field, message in schema.validate(obj, None)] == sentences


def test_a_rule_may_speak_of_what_was() -> None:
    """The workload of a Release cannot change; a creation has no past."""
    schema = own("releases")
    meta = {"name": "x"}
    old, new = ({"metadata": meta, "spec": {"workloadRef": {"kind": "Deployment", "name": name}}} for name in ("a", "b"))
    said = "Invalid value: workloadRef cannot change; create another Release instead"
    assert schema.validate(new, old) == [("FieldValueInvalid", "spec", said)]
    assert schema.validate(new, None) == []
