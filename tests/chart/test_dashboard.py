"""The dashboard: rendered by real Helm as Grafana's sidecar takes it, and asking only for what the controller exposes."""

import json
import re
from typing import Any

import promql_parser
import pytest

from tests.chart.conftest import CHART, Render, find, of_kind
from tests.chart.queries import labels, problems

FILE = CHART / "dashboards" / "release-coordinator.json"
DASHBOARD: dict[str, Any] = json.loads(FILE.read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target["expr"], target["legendFormat"]) for panel in PANELS for target in panel["targets"]]
ANNOTATIONS = [(a["name"], a["expr"], a["titleFormat"]) for a in DASHBOARD["annotations"]["list"]]


def with_values(promql: str) -> str:
    """A query as Grafana sends it, as far as its syntax goes."""
    return promql.replace("$__rate_interval", "1m")


def test_the_dashboard_is_installed_only_when_asked_for(render: Render) -> None:
    """A ConfigMap with the label that Grafana's sidecar looks for, and in it the very dashboard."""
    assert of_kind(render(), "ConfigMap") == []
    found = find(render("monitoring.dashboard.enabled=true"), "ConfigMap", "release-coordinator-dashboard")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found["data"]["release-coordinator.json"]) == DASHBOARD


@pytest.mark.parametrize(("title", "promql", "legend"), [*QUERIES, *ANNOTATIONS])
def test_every_query_of_the_dashboard_asks_for_what_the_controller_exposes(title: str, promql: str, legend: str) -> None:
    """Series, labels and their values exist, and the legend names labels that the result has."""
    assert problems(with_values(promql)) == []
    named = set(re.findall(r"\{\{(\w+)\}\}", legend))
    assert named <= labels(promql_parser.parse(with_values(promql)))


@pytest.mark.parametrize(
    ("promql", "problem"),
    [
        ("release_coordinator_turns", "no series"),
        ("sum(rate(release_coordinator_turns_total{result='ok'}[1m]))", "has no label result"),
        ("release_coordinator_release_phase{phase=~'Paused|Stuck'}", "is never Stuck"),
        ("sum by (release) (release_coordinator_leader)", "grouped by release"),
    ],
)
def test_a_query_for_what_does_not_exist_would_be_noticed(promql: str, problem: str) -> None:
    """The check above can fail, for each of the four ways to be wrong."""
    (found,) = problems(promql)
    assert problem in found


def test_every_variable_that_a_query_uses_is_defined() -> None:
    """Grafana would send the name of an unknown one as it stands."""
    defined = {variable["name"] for variable in DASHBOARD["templating"]["list"]} | {"__rate_interval"}
    assert set(re.findall(r"\$\{?(\w+)", FILE.read_text())) - {"__all"} <= defined


def test_panels_do_not_overlap_and_have_names_of_their_own() -> None:
    """Each cell of Grafana's 24 columns belongs to one panel, and each id and title occurs once."""
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for place in (panel["gridPos"],)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    for key in ("id", "title"):
        values = [panel[key] for panel in DASHBOARD["panels"]]
        assert len(values) == len(set(values))
