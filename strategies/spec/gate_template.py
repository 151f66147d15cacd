"""GateTemplate and ClusterGateTemplate: a gate with typed parameters, that many Releases name. How one is filled: templating.py.

A template's gate is a gate as it stands in a Release, so one that works can be copied. A parameter is a variable of its queries,
or gives a field its value. Values are text here and in the Release's arguments; the parameter's type says how they are read.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from strategies.analysis import query
from strategies.spec.base import Model, have_own_names, own_names, parse_duration, rule, rules
from strategies.spec.gate import Latency, Ratio, Threshold

Value = str | float | bool | timedelta
Argument = Annotated[str, StringConstraints(min_length=1, max_length=253)]
ParameterName = Annotated[str, StringConstraints(max_length=63, pattern=r"^[a-z][A-Za-z0-9_]*$")]
TEMPLATED = ("threshold", "ratio", "latency")
"""The forms of gates that a template can have."""
_FORMS: Mapping[str, type[Model]] = {"threshold": Threshold, "ratio": Ratio, "latency": Latency}
_QUERIES = {"threshold": ("query",), "ratio": ("bad", "total"), "latency": ("histogram",)}
_SAMPLES: Mapping[query.Kind, query.Value] = {"text": "x", "number": 1.0, "duration": timedelta(minutes=1)}
_NUMBER = re.compile(r"[-+]?([0-9]{1,15}(\.[0-9]{1,15})?|\.[0-9]{1,15})(e[-+]?[0-9]{1,2})?")
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
ONE_FORM = f"a template has one gate; write one of {', '.join(TEMPLATED)}"
PARAMETER_NAMES = "each parameter needs a name of its own"
RESERVED = f"the names {', '.join(query.VARIABLES)} have a meaning in every query; choose another"


class ParameterType(StrEnum):
    """How a parameter's values are read."""

    STRING = "String"
    ENUM = "Enum"
    NUMBER = "Number"
    INTEGER = "Integer"
    DURATION = "Duration"
    BOOLEAN = "Boolean"


_FIELDS: Mapping[ParameterType, tuple[str, ...]] = {
    ParameterType.NUMBER: ("min", "max", "tolerance", "threshold"),
    ParameterType.INTEGER: ("failures", "windows", "clump"),
    ParameterType.DURATION: ("interval", "window", "delay"),
    ParameterType.BOOLEAN: ("checkShare",),
    ParameterType.STRING: ("source", "podLabel", "hashLabel"),
}
"""The fields of gates that a parameter of a type can set; an Enum sets what a String sets."""
Settable = Literal["min", "max", "tolerance", "threshold", "failures", "windows", "clump", "interval", "window", "delay",
                   "checkShare", "source", "podLabel", "hashLabel"]  # fmt: skip
_FITS = " && ".join(
    f"(!(self.sets in {list(fields)}) || self.type in {[str(kind), *(['Enum'] if kind is ParameterType.STRING else [])]})"
    for kind, fields in _FIELDS.items()
)
IN_QUERIES: Mapping[ParameterType, query.Kind] = {
    ParameterType.STRING: "text", ParameterType.ENUM: "text", ParameterType.NUMBER: "number", ParameterType.INTEGER: "number",
    ParameterType.DURATION: "duration",
}  # fmt: skip
"""What a parameter of a type is in a query; a Boolean is nothing there."""


class Parameter(Model):
    """A parameter of a template."""

    name: ParameterName = Field(description="Name of the parameter: $name in the template's queries.")
    type: ParameterType = Field(
        ParameterType.STRING,
        description="How values are read. In a query, String and Enum are (a part of) a label matcher's value, Number and "
        "Integer a number, Duration a range, a step or an offset.",
    )
    description: Annotated[str, StringConstraints(max_length=500)] = Field("", description="What it means, for whoever gives it.")
    sets: Settable | None = Field(
        None,
        description="Field of the gate that gets the value, whatever stands there; without it, the parameter is for queries.",
    )
    default: Argument | None = Field(
        None, description="Value where a Release gives none, as text. Without a default, each Release must give one."
    )
    values: tuple[Argument, ...] = Field((), max_length=32, description="The values of an Enum.")
    minimum: Argument | None = Field(None, description="Least value of a Number, an Integer or a Duration, as text.")
    maximum: Argument | None = Field(None, description="Largest value of a Number, an Integer or a Duration, as text.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(f"!(self.name in {list(query.VARIABLES)})", RESERVED),
            rule("(has(self.values) && size(self.values) > 0) == (self.type == 'Enum')",
                 "an Enum needs values, and no other type takes them"),
            rule("!(has(self.minimum) || has(self.maximum)) || self.type in ['Number', 'Integer', 'Duration']",
                 "minimum and maximum are for Number, Integer and Duration"),
            rule("!has(self.default) || !has(self.values) || size(self.values) == 0 || self.default in self.values",
                 "default must be one of values"),
            rule(f"!has(self.sets) || ({_FITS})", "the field that sets names takes values of another type"),
        )
    )  # fmt: skip

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in query.VARIABLES:
            raise ValueError(RESERVED)
        return name

    @model_validator(mode="after")
    def _consistent(self) -> "Parameter":
        if bool(self.values) != (self.type is ParameterType.ENUM):
            raise ValueError("an Enum needs values, and no other type takes them")
        bounded = self.type in (ParameterType.NUMBER, ParameterType.INTEGER, ParameterType.DURATION)
        if (self.minimum or self.maximum) and not bounded:
            raise ValueError("minimum and maximum are for Number, Integer and Duration")
        kind = ParameterType.STRING if self.type is ParameterType.ENUM else self.type
        if self.sets is not None and self.sets not in _FIELDS[kind]:
            wanted = next(kind for kind, fields in _FIELDS.items() if self.sets in fields)
            raise ValueError(f"{self.sets} takes a {wanted}; write type: {wanted}")
        if self.sets is None and self.type is ParameterType.BOOLEAN:
            raise ValueError("a Boolean can be no part of a query; say which field it sets")
        for name, text in (("minimum", self.minimum), ("maximum", self.maximum), ("default", self.default)):
            if text is not None:
                try:
                    (self.read if name == "default" else self._measured)(text)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from error
        if self.minimum and self.maximum and _size(self._measured(self.minimum)) > _size(self._measured(self.maximum)):
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}; exchange them")
        return self

    def read(self, text: str) -> Value:
        """The value that a text has. Raises ValueError with what to write instead."""
        if self.type is ParameterType.ENUM:
            if text not in self.values:
                raise ValueError(f"{text!r} is none of {', '.join(self.values)}")
            return text
        if self.type is ParameterType.BOOLEAN:
            if text not in ("true", "false"):
                raise ValueError(f"{text!r} is neither true nor false")
            return text == "true"
        if self.type is ParameterType.STRING:
            if "$" in text:
                raise ValueError(f"{text!r} has a $ in it, which would be taken for a variable; values are literal")
            return text
        value = self._measured(text)
        if self.minimum is not None and _size(value) < _size(self._measured(self.minimum)):
            raise ValueError(f"{text} is below the minimum of {self.minimum}")
        if self.maximum is not None and _size(value) > _size(self._measured(self.maximum)):
            raise ValueError(f"{text} is above the maximum of {self.maximum}")
        return value

    def _measured(self, text: str) -> float | int | timedelta:
        if self.type is ParameterType.DURATION:
            span: timedelta = parse_duration(text)
            return span
        form, what = (_INTEGER, "whole number") if self.type is ParameterType.INTEGER else (_NUMBER, "number")
        if not form.fullmatch(text):
            raise ValueError(f"{text!r} is no {what}")
        return int(text) if self.type is ParameterType.INTEGER else float(text)


def _size(value: float | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value


class _ThresholdTemplate(Threshold):
    """Its query has parameters: it is parsed with them, by the template."""

    @field_validator("query")
    @classmethod
    def _parsed(cls, text: str) -> str:
        return text


class _RatioTemplate(Ratio):
    """The same for its selectors."""

    @field_validator("bad", "total")
    @classmethod
    def _plain(cls, text: str) -> str:
        return text


class _LatencyTemplate(Latency):
    """The same for its selector."""

    @field_validator("histogram")
    @classmethod
    def _plain(cls, text: str) -> str:
        return text


class GateTemplateSpec(Model):
    """A gate with parameters."""

    description: Annotated[str, StringConstraints(max_length=1000)] = Field(
        "", description="What the gate asks, and of which metrics; for whoever chooses it."
    )
    parameters: tuple[Parameter, ...] = Field((), max_length=20, description="What a Release that names the template can say.")
    threshold: _ThresholdTemplate | None = Field(None, description="A PromQL query with bounds, as in a Release.")
    ratio: _RatioTemplate | None = Field(None, description="Bad requests among all, candidate against stable, as in a Release.")
    latency: _LatencyTemplate | None = Field(
        None, description="Slow requests among all, candidate against stable, as in a Release."
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(f"[{', '.join(f'has(self.{form})' for form in TEMPLATED)}].filter(x, x).size() == 1", ONE_FORM),
            own_names("parameters", PARAMETER_NAMES),
        )
    )  # fmt: skip

    @model_validator(mode="after")
    def _consistent(self) -> "GateTemplateSpec":
        if sum(getattr(self, form) is not None for form in TEMPLATED) != 1:
            raise ValueError(ONE_FORM)
        if not have_own_names(self.parameters):
            raise ValueError(PARAMETER_NAMES)
        used = {name for field, text in self.queries().items() for name in self._variables(field, text)}
        for number, parameter in enumerate(self.parameters):
            if parameter.sets is not None and parameter.sets not in self.settable:
                choice = f"a {self.form} has {', '.join(self.settable)}"
                raise wrong(
                    ("parameters", number, "sets"), f"there is no field {parameter.sets} to set; {choice}", parameter.sets
                )
            if parameter.sets is None and parameter.name not in used:
                problem = f"the parameter is used nowhere: write ${parameter.name} in a query, or say which field it sets"
                raise wrong(("parameters", number, "name"), problem, parameter.name)
        self._try()
        return self

    def _try(self) -> None:
        """Fill it with its defaults, and with anything in queries, to see whether that makes a gate."""
        samples: dict[str, Value] = {p.name: _SAMPLES[IN_QUERIES[p.type]] for p in self.parameters if p.sets is None}
        defaults = {p.name: p.read(p.default) for p in self.parameters if p.sets is not None and p.default is not None}
        try:
            _FORMS[self.form].model_validate(self.question(samples | defaults))
        except query.QueryError as error:
            raise wrong((self.form,), error, None) from error
        except ValidationError as error:
            first = error.errors()[0]
            problem = (first.get("ctx") or {}).get("error") or first["msg"].removeprefix("Value error, ")
            by_default = (n for n, p in enumerate(self.parameters) if p.name in defaults and p.sets in first["loc"])
            number = next(by_default, None)
            path = (self.form, *first["loc"]) if number is None else ("parameters", number, "default")
            raise wrong(path, problem, first["input"]) from error

    def _variables(self, field: str, text: str) -> frozenset[str]:
        try:
            return self.parsed(text).variables
        except query.QueryError as error:
            raise wrong((self.form, field), error, text) from error

    @property
    def form(self) -> str:
        """Which of TEMPLATED this is."""
        return next(form for form in TEMPLATED if getattr(self, form) is not None)

    @property
    def settable(self) -> tuple[str, ...]:
        """The fields of this form that parameters can set."""
        fields = {field.alias or name for name, field in type(getattr(self, self.form)).model_fields.items()}
        return tuple(name for name in get_args(Settable) if name in fields)

    def queries(self) -> dict[str, str]:
        """The texts that have variables, by field."""
        return {field: getattr(getattr(self, self.form), field) for field in _QUERIES[self.form]}

    def question(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """The form's fields with these values in them; a parameter without one leaves its field as it is. Raises QueryError."""
        form: Model = getattr(self, self.form)
        found: dict[str, Any] = {field.alias or name: getattr(form, name) for name, field in type(form).model_fields.items()}
        for field, text in self.queries().items():
            parsed = self.parsed(text)
            found[field] = parsed.fill({name: value for name, value in values.items() if name in parsed.variables})
        return found | {each.sets: values[each.name] for each in self.parameters if each.sets and each.name in values}

    def parsed(self, text: str) -> query.Query:
        """One of these, with the parameters that are variables. Raises QueryError."""
        kinds = {each.name: IN_QUERIES[each.type] for each in self.parameters if each.sets is None}
        return query.parse_any(text, kinds)


def wrong(path: tuple[str | int, ...], problem: str | ValueError, value: object) -> ValidationError:
    """An error about the field at this path."""
    error = problem if isinstance(problem, ValueError) else ValueError(problem)
    return ValidationError.from_exception_data("GateTemplate", [
        {"type": "value_error", "loc": path, "input": value, "ctx": {"error": error}}
    ])  # fmt: skip
