"""Values: every one is commented and in the schema, and a wrong one is refused by its name."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, Helm

OPEN_OBJECTS = {"resources", "nodeSelector", "podLabels", "podAnnotations", "annotations", "global"}


def test_the_chart_has_no_lint_findings(helm: Helm) -> None:
    """`helm lint --strict` finds neither errors nor warnings."""
    done = helm("lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout
    assert "[ERROR]" not in done.stdout


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("replica=3", "replica"),
        ("image.tagg=1", "tagg"),
        ("metricSources.default.adress=http://p", "adress"),
        ("networkPolicy.enable=false", "enable"),
        ("serviceAccount.nam=x", "nam"),
    ],
)
def test_an_unknown_value_is_refused_by_its_name(helm: Helm, value: str, named: str) -> None:
    """A typing error cannot pass for a setting."""
    done = helm("template", CHART, "--set", value)
    assert done.returncode != 0
    assert f"additional properties '{named}' not allowed" in done.stderr


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("replicas=0", "/replicas"),
        ("logFormat=xml", "/logFormat"),
        ("image.digest=sha256:12", "/image/digest"),
        ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
        ("watchNamespaces={Shop}", "/watchNamespaces/0"),
        ("breakGlassGroup=it's", "/breakGlassGroup"),
        ("metricSources.default.address=prometheus:9090", "/metricSources/default/address"),
        ("notifications[0].url=events.example.com", "/notifications/0/url"),
        ("networkPolicy.apiServerPorts={0}", "/networkPolicy/apiServerPorts/0"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_its_place(helm: Helm, value: str, named: str) -> None:
    """What could not work, or could end a quotation in a CEL expression, never reaches a template."""
    done = helm("template", CHART, "--set", value)
    assert done.returncode != 0
    assert f"at '{named}'" in done.stderr


def paths(values: dict[str, Any], prefix: str = "") -> set[str]:
    """Every key of a tree, as a dotted path; the inside of free-form objects is left out."""
    found: set[str] = set()
    for key, value in values.items():
        found.add(prefix + key)
        if isinstance(value, dict) and key not in OPEN_OBJECTS:
            found |= paths(value, f"{prefix}{key}.")
    return found


def schema_paths(schema: dict[str, Any], prefix: str = "") -> set[str]:
    """Every property of a schema, as a dotted path."""
    found: set[str] = set()
    for key, part in schema.get("properties", {}).items():
        found |= {prefix + key} | schema_paths(part, f"{prefix}{key}.")
    return found


def closed(schema: dict[str, Any], name: str = "") -> list[str]:
    """Objects of the schema that would let an unknown key through."""
    open_here = (
        schema.get("type") == "object" and "properties" in schema and schema.get("additionalProperties") is not False
    )
    return ([name] if open_here else []) + [n for k, p in schema.get("properties", {}).items() for n in closed(p, k)]


def test_schema_and_values_name_the_same_settings() -> None:
    """A setting without a schema, or a schema without a default, does not exist."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert schema_paths(schema) - {"global"} == paths(values)
    assert closed(schema) == []


def test_every_setting_is_used_by_a_template() -> None:
    """A setting that no template reads would be a promise not kept."""
    templates = "\n".join(p.read_text() for p in (CHART / "templates").rglob("*") if p.is_file())
    used = set(re.findall(r"\.Values\.([A-Za-z.]+)", templates))
    settings = paths(yaml.safe_load((CHART / "values.yaml").read_text()))
    leaves = {s for s in settings if not any(other.startswith(s + ".") for other in settings)}
    assert {leaf for leaf in leaves if not any(leaf == u or leaf.startswith(u + ".") for u in used)} == set()
    assert {u for u in used if u not in settings} == set()
