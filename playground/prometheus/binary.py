"""Binary operators: arithmetic and comparison of numbers and vectors, and the set operators. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from playground.prometheus.matching import METRIC, Labels
from playground.prometheus.problems import ExecutionFailed
from playground.prometheus.values import Sample, Vector, distinct, identity, unnamed


def _divided(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)


def _remainder(a: float, b: float) -> float:
    return math.fmod(a, b) if b and not math.isinf(a) else math.nan


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:  # A root of a negative number, or zero to a negative power.
        return math.nan if a else math.copysign(math.inf, a) if b % 2 == 1 else math.inf


ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": _divided, "%": _remainder,
    "^": _power, "atan2": math.atan2,
}  # fmt: skip
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, ">": lambda a, b: a > b, "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b,
}  # fmt: skip
SETS = ("and", "or", "unless")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How elements of two vectors find each other: `on` these labels, or by all but these.

    `many`: the side of which several may match one, with group_left or group_right; `included` labels come from the other.
    """

    on: bool = False
    labels: tuple[str, ...] = ()
    many: str = ""
    included: tuple[str, ...] = ()

    def signature(self, labels: Labels) -> frozenset[tuple[str, str]]:
        """Equal for elements that match."""
        if self.on:
            return frozenset((name, labels[name]) for name in self.labels if name in labels)
        return frozenset(item for item in labels.items() if item[0] not in self.labels and item[0] != METRIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operator with its `bool`."""

    operator: str
    returns_bool: bool = False

    def apply(self, left: float, right: float) -> float | None:
        """The result; None where a comparison drops the element."""
        if self.operator in ARITHMETIC:
            return ARITHMETIC[self.operator](left, right)
        holds = COMPARISONS[self.operator](left, right)
        if self.returns_bool:
            return float(holds)
        return left if holds else None

    @property
    def keeps_name(self) -> bool:
        """Only an element that is passed on is still a value of the metric."""
        return self.operator in COMPARISONS and not self.returns_bool


def with_number(operation: Operation, vector: Vector, number: float, *, number_first: bool) -> Vector:
    """A vector and a number; a comparison passes on the vector's value on whichever side it stands."""
    result = []
    for sample in vector:
        left, right = (number, sample.value) if number_first else (sample.value, number)
        value = operation.apply(left, right)
        if value is not None:
            labels = sample.labels if operation.keeps_name else unnamed(sample.labels)
            result.append(Sample(labels=labels, value=sample.value if operation.keeps_name else value))
    return distinct(result)


def combined(operator: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    """and, or, unless."""
    if operator == "or":
        known = {matching.signature(sample.labels) for sample in left}
        return left + [sample for sample in right if matching.signature(sample.labels) not in known]
    known = {matching.signature(sample.labels) for sample in right}
    return [sample for sample in left if (matching.signature(sample.labels) in known) == (operator == "and")]


def with_vector(operation: Operation, left: Vector, right: Vector, matching: Matching) -> Vector:
    """Two vectors, element by element. Raises ExecutionFailed where it is not clear which belong together."""
    if not left or not right:
        return []
    many, one = (right, left) if matching.many == "right" else (left, right)
    partners = _partners(one, matching, "left" if matching.many == "right" else "right")
    seen: set[object] = set()
    result = []
    for sample in many:
        signature = matching.signature(sample.labels)
        partner = partners.get(signature)
        if partner is None:
            continue
        labels = _result_labels(operation, sample.labels, partner.labels, matching)
        _note(seen, (signature, identity(labels)) if matching.many else signature, matching)
        pair = (partner.value, sample.value) if matching.many == "right" else (sample.value, partner.value)
        value = operation.apply(*pair)
        if value is not None:
            result.append(Sample(labels=labels, value=value))
    return distinct(result)


def _partners(one: Vector, matching: Matching, side: str) -> dict[frozenset[tuple[str, str]], Sample]:
    partners: dict[frozenset[tuple[str, str]], Sample] = {}
    for sample in one:
        signature = matching.signature(sample.labels)
        if signature in partners:
            group, found = _written(dict(sorted(signature))), (_written(s.labels) for s in (sample, partners[signature]))
            raise ExecutionFailed(
                f"found duplicate series for the match group {group} on the {side} hand-side of the operation: "
                f"[{', '.join(found)}];many-to-many matching not allowed: matching labels must be unique on one side"
            )
        partners[signature] = sample
    return partners


def _note(seen: set[object], key: object, matching: Matching) -> None:
    if key in seen:
        remedy = "grouping labels must ensure unique matches"
        if not matching.many:
            remedy = "many-to-one matching must be explicit (group_left/group_right)"
        raise ExecutionFailed(f"multiple matches for labels: {remedy}")
    seen.add(key)


def _result_labels(operation: Operation, many: Labels, one: Labels, matching: Matching) -> Labels:
    labels = dict(many if operation.keeps_name else unnamed(many))
    if not matching.many:
        return {name: value for name, value in labels.items() if (name in matching.labels) == matching.on}
    for name in matching.included:
        labels.pop(name, None)
        if name in one:
            labels[name] = one[name]
    return labels


def _written(labels: Labels) -> str:
    named: Sequence[str] = [f'{name}="{value}"' for name, value in sorted(labels.items()) if name != METRIC]
    return f"{labels.get(METRIC, '')}{{{', '.join(named)}}}"
