"""A template and arguments make a gate, or say at which field why not; a value never changes what a query asks."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from strategies.analysis import query
from strategies.analysis.promql_reading import parse
from strategies.analysis.promql_tree import Selector, walk
from strategies.spec.gate import Gate, TemplateRef
from strategies.spec.gate_template import GateTemplateSpec
from strategies.spec.release import ReleaseSpec
from strategies.spec.templating import TemplateProblem, fill, filled

Object = dict[str, Any]
ERRORS: Object = {
    "parameters": [
        {"name": "job", "description": "The scrape job."},
        {"name": "tolerance", "type": "Number", "sets": "tolerance", "default": "1.5", "minimum": "1", "maximum": "5"},
        {"name": "step", "type": "Duration", "sets": "interval", "default": "15s"},
        {"name": "windows", "type": "Integer", "sets": "windows", "default": "3"},
        {"name": "share", "type": "Boolean", "sets": "checkShare", "default": "true"},
        {"name": "kind", "type": "Enum", "values": ["read", "write"], "default": "read"},
    ],
    "ratio": {"bad": 'x_total{job="$job",kind=~"$kind|any",code=~"5..",namespace="$namespace"}',
              "total": 'x_total{job="$job",kind=~"$kind|any",namespace="$namespace"}'},
}  # fmt: skip
PARAMETERS: Object = {
    "parameters": [
        {"name": "quantile", "type": "Number", "default": "0.99", "minimum": "0", "maximum": "1"},
        {"name": "late", "type": "Duration", "default": "5m"},
        {"name": "least", "type": "Integer", "default": "-3"},
        {"name": "limit", "type": "Number", "sets": "max"},
    ],
    "threshold": {"query": 'histogram_quantile($quantile, rate(x{pod=~"$candidate_pods"}[$window] offset $late)) > $least',
                  "max": 1},
}  # fmt: skip


def made(template: Object, **arguments: str) -> Gate:
    """The gate."""
    named = {"name": "errors", "template": {"name": "x", "arguments": arguments}, "at": ["step"]}
    return filled(Gate.model_validate(named), GateTemplateSpec.model_validate(template))


def refused(template: Object, **arguments: str) -> str:
    """Why there is no gate."""
    with pytest.raises(TemplateProblem) as problem:
        made(template, **arguments)
    return str(problem.value)


def test_arguments_and_defaults_go_where_the_template_says() -> None:
    """Into queries, and into fields by type; what the Release's gate says beside the template stays."""
    gate = made(ERRORS, job="shop", tolerance="2", step="30s", share="false", kind="write")
    assert (gate.name, gate.form, gate.at) == ("errors", "ratio", ("step",))
    assert gate.ratio is not None
    assert gate.ratio.bad == 'x_total{job="shop",kind=~"write|any",code=~"5..",namespace="$namespace"}'
    given = (gate.ratio.tolerance, gate.ratio.interval.total_seconds(), gate.ratio.windows, gate.ratio.check_share)
    assert given == (2.0, 30.0, 3, False)


def test_numbers_and_durations_stand_in_queries_as_such() -> None:
    """A negative number in brackets; $window stays for the gate."""
    gate = made(PARAMETERS, limit="0.5", late="1m30s", quantile="5e-1")
    assert gate.threshold is not None
    assert gate.threshold.query == ('histogram_quantile(0.5, rate(x{pod=~"$candidate_pods"}[$window] offset 1m30s)) > (-3.0)')
    assert gate.threshold.max == 0.5


@pytest.mark.parametrize(("arguments", "said"), [
    ({}, "template.arguments: GateTemplate x needs job. Add it. job is of type String. The scrape job."),
    ({"job": "a", "jub": "b"}, "template.arguments.jub: GateTemplate x has no parameter jub. It has job, tolerance, "),
    ({"job": "a", "tolerance": "much"}, "template.arguments.tolerance: 'much' is no number. tolerance is of type Number"),
    ({"job": "a", "tolerance": "0.5"}, "template.arguments.tolerance: 0.5 is below the minimum of 1."),
    ({"job": "a", "tolerance": "5.1"}, "template.arguments.tolerance: 5.1 is above the maximum of 5."),
    ({"job": "a", "tolerance": "nan"}, "template.arguments.tolerance: 'nan' is no number."),
    ({"job": "a", "step": "15"}, "template.arguments.step: '15' is not a duration; write for example 30s"),
    ({"job": "a", "step": "1ms"}, "template.arguments.step: interval must be between 1s and 10m."),
    ({"job": "a", "windows": "2.5"}, "template.arguments.windows: '2.5' is no whole number."),
    ({"job": "a", "windows": "0"}, "template.arguments.windows: Input should be greater than or equal to 1."),
    ({"job": "a", "share": "yes"}, "template.arguments.share: 'yes' is neither true nor false."),
    ({"job": "a", "kind": "delete"}, "template.arguments.kind: 'delete' is none of read, write."),
    ({"job": "$candidate"}, "template.arguments.job: '$candidate' has a $ in it"),
])  # fmt: skip
def test_a_wrong_argument_is_told_at_its_field_with_what_it_may_be(arguments: dict[str, str], said: str) -> None:
    """Missing, unknown, of another type, out of the template's bounds or out of the gate's own."""
    assert said in refused(ERRORS, **arguments)


def test_a_gate_that_the_release_cannot_have_is_told() -> None:
    """What holds of a gate that is written out holds of one from a template: its time, and all traffic at once."""
    named = {"name": "errors", "template": {"name": "x", "arguments": {"job": "a"}}}
    spec = ReleaseSpec.model_validate({"workloadRef": {"name": "a"}, "strategy": {"type": "BlueGreen"}, "gates": [named]})
    template = GateTemplateSpec.model_validate(ERRORS)
    same, problems = fill(spec, lambda _: template)
    assert "ratio and latency need max" in str(problems["errors"])
    assert same.gates == spec.gates
    with pytest.raises(TemplateProblem, match="take before-traffic out of at"):
        filled(Gate.model_validate({**named, "at": ["before-traffic"]}), template)
    assert fill(spec, lambda _: None) == (spec, {})


def _parameter(number: int, **changes: Any) -> Callable[[Object], None]:
    return lambda template: template["parameters"][number].update(changes)


MISTAKES: dict[str, tuple[Callable[[Object], None], tuple[str | int, ...], str]] = {
    "unused": (lambda t: t["parameters"].append({"name": "z"}), ("parameters", 6, "name"), "write $z in a query"),
    "misspelt in a query": (lambda t: t["ratio"].update(bad='x_total{job="$jub"}'), ("ratio", "bad"), "$jub is no variable"),
    "a rate": (lambda t: t["ratio"].update(bad='rate(x_total{job="$job"}[1m])'), ("ratio", "bad"), "no plain selector"),
    "a side": (lambda t: t["ratio"].update(bad='x{job="$job",pod=~"$candidate_pods"}'), ("ratio", "bad"), "told apart by"),
    "a default out of bounds": (_parameter(1, default="9"), ("parameters", 1), "default: 9 is above the maximum of 5"),
    "a default that no gate takes": (_parameter(1, default="0.1", minimum="0"), ("parameters", 1, "default"), "greater than"),
    "a default of another type": (_parameter(3, default="few"), ("parameters", 3), "default: 'few' is no whole number"),
    "bounds the wrong way round": (_parameter(1, minimum="9", default=None), ("parameters", 1), "minimum 9 is above maximum 5"),
    "a bound that is none": (_parameter(1, minimum="x"), ("parameters", 1), "minimum: 'x' is no number"),
    "a field of another form": (_parameter(1, sets="min"), ("parameters", 1, "sets"), "a ratio has max, tolerance,"),
    "a type that the field has not": (_parameter(1, type="Duration", minimum="1s", maximum="2s", default="1s"),
                                      ("parameters", 1), "tolerance takes a Number"),
    "a Boolean in a query": (_parameter(0, type="Boolean"), ("parameters", 0), "say which field it sets"),
    "a number in a label": (_parameter(0, type="Number"), ("ratio", "bad"), "$job is a number, as in > $job, not a"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_a_template_is_told_at_its_field(case: str) -> None:
    """Before anybody names it."""
    change, path, said = MISTAKES[case]
    template = copy.deepcopy(ERRORS)
    change(template)
    with pytest.raises(ValidationError) as error:
        GateTemplateSpec.model_validate(template)
    (first, *_) = error.value.errors()
    assert (first["loc"], said in first["msg"]) == (path, True), first


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_no_text_changes_what_is_asked(value: str) -> None:
    """Whatever an argument holds, the query has the same selectors and the same matchers, and only its value is another."""
    try:
        gate = made(ERRORS, job=value)
    except (TemplateProblem, ValidationError):
        return
    assert gate.ratio is not None
    (selector,) = (node for node in walk(parse(gate.ratio.bad)) if isinstance(node, Selector))
    assert [(m.name, m.operator) for m in selector.matchers] == [("job", "="), ("kind", "=~"), ("code", "=~"), ("namespace", "=")]
    assert selector.matchers[0].value == value
    assert query.parse_any(gate.ratio.bad).variables == {"namespace"}


def test_the_same_question_has_the_same_digest_however_it_is_written() -> None:
    """Evidence goes on over a template that says the same; not over one that asks something else."""
    as_default, as_argument = made(ERRORS, job="a"), made(ERRORS, job="a", tolerance="1.5")
    other = made(ERRORS, job="a", tolerance="1.6")
    written = Gate.model_validate({"name": "z", "ratio": as_default.ratio.model_dump() if as_default.ratio else None})
    assert as_default.question == as_argument.question == written.question != other.question


def test_a_reference_reads_as_people_say_it() -> None:
    """In every message."""
    assert str(TemplateRef(name="x")) == "GateTemplate x"
