"""From a template and a Release's arguments to the gate that is asked.

Values go in by type: into fields as they are, into queries at the leaves of the syntax tree (strategies.analysis.query). What
comes out is a Gate like any other; nothing downstream knows that there was a template.
"""

from collections.abc import Callable, Mapping

from pydantic import ValidationError

from strategies.analysis.query import QueryError
from strategies.spec.gate import Gate, TemplateRef
from strategies.spec.gate_template import GateTemplateSpec, Parameter, Value
from strategies.spec.release import ALL_AT_ONCE, ReleaseSpec


class TemplateProblem(ValueError):
    """Why a gate cannot be made from its template. `path` is the field below the gate, `remedy` what to do."""

    def __init__(self, path: tuple[str, ...], message: str, remedy: str) -> None:
        super().__init__(f"{'.'.join(path)}: {message.rstrip('.')}. {remedy}".strip())
        self.path, self.message, self.remedy = path, message, remedy


def filled(gate: Gate, template: GateTemplateSpec) -> Gate:
    """The gate with its template's question in place of the template. Raises TemplateProblem."""
    named = gate.template
    assert named is not None
    values = _values(named.arguments, template.parameters, str(named))
    try:
        question = template.question(values)
    except QueryError as error:
        raise TemplateProblem(("template", "arguments"), str(error), "Give another value.") from error
    try:
        return Gate.model_validate({"name": gate.name, "at": gate.at, template.form: question})
    except ValidationError as error:
        raise _refused(error, template, str(named)) from error


def fill(
    spec: ReleaseSpec, find: Callable[[TemplateRef], GateTemplateSpec | str | None]
) -> tuple[ReleaseSpec, dict[str, TemplateProblem]]:
    """The spec with all its templates filled, and by gate why one could not be: that gate stays as it is.

    `find` gives a template, or why there is none; None means that it is not known here, which is no problem.
    """
    gates, problems = [], dict[str, TemplateProblem]()
    for gate in spec.gates:
        found = find(gate.template) if gate.template is not None else None
        try:
            if isinstance(found, str):
                raise TemplateProblem(("template",), found, "")
            gates.append(gate if found is None else _compared(filled(gate, found), gate, spec))
        except TemplateProblem as problem:
            problems[gate.name] = problem
            gates.append(gate)
    return spec.model_copy(update={"gates": tuple(gates)}), problems


def _compared(gate: Gate, named: Gate, spec: ReleaseSpec) -> Gate:
    if not spec.can_ask(gate):
        raise TemplateProblem(("template",), f"{named.template}: {ALL_AT_ONCE}", "Give it, if it is a parameter.")
    return gate


def _values(arguments: Mapping[str, str], parameters: tuple[Parameter, ...], named: str) -> dict[str, Value]:
    known = {each.name: each for each in parameters}
    path = ("template", "arguments")
    for name in arguments:
        if name not in known:
            there = f"It has {', '.join(known)}." if known else "It has none."
            raise TemplateProblem((*path, name), f"{named} has no parameter {name}", there)
    found = {}
    for name, each in known.items():
        text = arguments.get(name, each.default)
        if text is None:
            raise TemplateProblem(path, f"{named} needs {name}", f"Add it. {_meaning(each)}".strip())
        try:
            found[name] = each.read(text)
        except ValueError as error:
            raise TemplateProblem((*path, name), str(error), _meaning(each)) from error
    return found


def _refused(error: ValidationError, template: GateTemplateSpec, named: str) -> TemplateProblem:
    """What the gate's own rules have against it, told about the argument that is to blame, if one is."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    about = (*first["loc"], message.partition(" ")[0])
    blamed = next((each for each in template.parameters if each.sets is not None and each.sets in about), None)
    if blamed is not None:
        return TemplateProblem(("template", "arguments", blamed.name), message, _meaning(blamed))
    return TemplateProblem(
        ("template",), f"{named} makes no gate of this: {message}", "Change at or the arguments, or take another template."
    )


def _meaning(parameter: Parameter) -> str:
    """What a parameter takes, in a sentence or two."""
    limits = [f"{word} {limit}" for word, limit in (("at least", parameter.minimum), ("at most", parameter.maximum)) if limit]
    choice = f": {', '.join(parameter.values)}" if parameter.values else ""
    default = f"; {parameter.default} by default" if parameter.default is not None else ""
    said = f"{parameter.name} is of type {parameter.type}{choice}{', ' if limits else ''}{' and '.join(limits)}{default}."
    return f"{said} {parameter.description}".strip()
