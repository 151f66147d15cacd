"""Writes docs/reference.md from the CRDs, so that the page cannot say something else than `kubectl explain`.

Run by `make docs`; tests/test_docs.py fails when the page is not in step.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controller.api.crds import custom_resource_definitions

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"
_BOUNDS = {"minimum": "at least {}", "maximum": "at most {}", "minItems": "at least {} entries", "maxItems": "at most {} entries"}


def page() -> str:
    """The whole page."""
    parts = "\n".join(part for definition in custom_resource_definitions().values() for part in _kind(definition))
    return f"""<!-- Written by `make docs` from the models; do not edit. -->
# Reference

Every field of every resource, as `kubectl explain release.spec` tells it. Durations are written like `90s`, `5m` or `1h30m`.
Requests by annotation are in [requests.md](requests.md), phases in [phases.md](phases.md).

{parts}"""


def _kind(definition: dict[str, Any]) -> Iterator[str]:
    spec = definition["spec"]
    names, version = spec["names"], spec["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    yield f"## {names['kind']}\n\n{schema['description']}\n"
    yield f"`apiVersion: {spec['group']}/{version['name']}`, short name `{names['shortNames'][0]}`, {spec['scope'].lower()}.\n"
    for part in (part for part in ("spec", "status") if part in schema["properties"]):
        rows = list(_rows(schema["properties"][part], ""))
        rules = list(_rules(schema["properties"][part], part))
        if rows:
            yield f"### {names['kind']} {part}\n"
            yield "\n".join(["| Field | Type | Default | Meaning |", "|---|---|---|---|", *rows]) + "\n"
        if rules:
            yield "Refused by the API server, with these words:\n\n" + "\n".join(rules) + "\n"


def _rows(schema: dict[str, Any], path: str) -> Iterator[str]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        where = f"{path}.{name}" if path else name
        default = "**required**" if name in required else f"`{json.dumps(field['default'])}`" if "default" in field else ""
        meaning = " ".join([field.get("description", ""), *_limits(field)]).strip()
        yield f"| `{where}` | {_type(field)} | {_cell(default)} | {_cell(meaning)} |"
        inner = field["items"] if field.get("type") == "array" else field
        yield from _rows(inner, f"{where}[]" if inner is not field else where)


def _type(field: dict[str, Any]) -> str:
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    if "additionalProperties" in field:
        return "map"
    return str(field.get("format") or field.get("type", "any"))


def _limits(field: dict[str, Any]) -> Iterator[str]:
    if "enum" in field:
        yield "One of " + ", ".join(f"`{value}`" for value in field["enum"]) + "."
    said = ", ".join(words.format(field[bound]) for bound, words in _BOUNDS.items() if bound in field)
    if said:
        yield f"{said[0].upper()}{said[1:]}."


def _rules(schema: dict[str, Any], path: str) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", []):
        yield f"- `{path}`: {rule['message']}"
    for name, field in schema.get("properties", {}).items():
        yield from _rules(field, f"{path}.{name}")
    if "items" in schema:
        yield from _rules(schema["items"], f"{path}[]")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
