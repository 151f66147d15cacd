"""What all models of the API share: camelCase outside, frozen inside, durations as people write them.

Never add a field here: this is about the form of the models, not about their content.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours"}
DURATION_PATTERN = r"^([0-9]{1,6}(ms|s|m)|[0-9]{1,5}h)+$"
DURATION_LENGTH = 32
"""Together 57 years at most: a moment that is two of them away is still one that a status can have, and CEL can count them."""


def parse_duration(text: Any) -> Any:
    """`1h30m` as a timedelta; units ms, s, m, h, largest first or not. Raises ValueError for anything else."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or len(text) > DURATION_LENGTH or not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError(f"{text!r} is not a duration; write for example 30s, 5m or 1h30m")
    parts = re.findall(r"([0-9]+)(ms|s|m|h)", text)
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


def format_duration(duration: timedelta) -> str:
    """The shortest spelling that parse_duration reads back to the same value; fractions of a millisecond are dropped."""
    milliseconds = round(duration.total_seconds() * 1000)
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "maxLength": DURATION_LENGTH}),
]

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]  # fmt: skip
"""Name of an object of Kubernetes."""
LabelName = Annotated[str, StringConstraints(max_length=128, pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
"""Name of a label in Prometheus."""


class Model(BaseModel):
    """A part of a spec. Unknown fields are errors that name the field."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class Record(BaseModel):
    """A part of a status. Unknown fields are kept: a newer version of us may have written them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="allow")


def rule(expression: str, message: str) -> dict[str, str]:
    """One CEL validation of the CRD. The message says what is wrong and what to write instead."""
    return {"rule": expression, "message": message}


def bounded(field: str, longest: str) -> dict[str, str]:
    """The validation that this duration is at least 1s and at most `longest`."""
    value = f"duration(self.{field})"
    return rule(f"{value} >= duration('1s') && {value} <= duration('{longest}')", f"{field} must be between 1s and {longest}")


def check_bounded(field: str, value: timedelta, longest: str) -> None:
    """The same for a model's validator. Raises ValueError."""
    if not timedelta(seconds=1) <= value <= parse_duration(longest):
        raise ValueError(f"{field} must be between 1s and {longest}")


def own_names(field: str, message: str) -> dict[str, str]:
    """The validation that the items of this list have different names."""
    list_ = f"self.{field}"
    return rule(f"!has({list_}) || {list_}.all(a, {list_}.filter(b, b.name == a.name).size() == 1)", message)


def have_own_names(items: Sequence[Any]) -> bool:
    """The same for a model: whether no two items have one name."""
    return len({item.name for item in items}) == len(items)


def rules(*validations: dict[str, str]) -> dict[str, Any]:
    """CEL validations in the form that a model's `json_schema_extra` takes."""
    return {"x-kubernetes-validations": list(validations)}
