"""What the gate of a ready template asks and reads, whoever answers: the playground's Prometheus, or a real one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from controller.metrics.answers import read_answer, read_series
from strategies.analysis import counters, query
from strategies.analysis.counters import Side, Sides
from strategies.analysis.counts import Window
from strategies.analysis.verdict import Sample, Unknown
from strategies.analysis.windows import spans
from strategies.spec.gate import Counting, Gate
from strategies.spec.gate_template import GateTemplateSpec
from strategies.spec.templating import filled

FOLDER = Path(__file__).parents[2] / "charts" / "release-coordinator" / "gatetemplates"
TEMPLATES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.iterdir()}
STABLE, CANDIDATE = "web-5d4f8c7b9", "web-6c9f7d5b8"
"""The ReplicaSets, in namespace shop."""
Ask = Callable[[str, datetime], Any]
"""PromQL and a moment: the `data` of Prometheus' answer."""
_SPAN = timedelta(minutes=4)


def gate(name: str, **arguments: str) -> Gate:
    """The template's gate."""
    named = {"name": "g", "template": {"kind": "ClusterGateTemplate", "name": name, "arguments": arguments}}
    return filled(Gate.model_validate(named), GateTemplateSpec.model_validate(TEMPLATES[name]["spec"]))


def windows(ask: Ask, asked: Gate, since: datetime, now: datetime) -> list[Window | Unknown]:
    """What a gate that counts reads at `now` of the time from `since` on, four minutes at most."""
    counting = asked.counting
    assert isinstance(counting, Counting)
    if asked.ratio is not None:
        edges: tuple[float, ...] = ()
        selectors = [counters.parse(asked.ratio.bad), counters.parse(asked.ratio.total)]
    else:
        assert asked.latency is not None
        selectors, edges = [counters.parse_histogram(asked.latency.histogram)], asked.latency.shape
    assert all(counters.is_confined(each, {}) for each in selectors), "Releases of a namespace could not share it"
    label = counting.pod_label or "pod"
    sides = Sides(candidate=Side.of_replica_set(label, CANDIDATE), stable=Side.of_replica_set(label, STABLE))
    answers = []
    for each in selectors:
        data = ask(counters.question(each, _binding(_SPAN), {}, _SPAN, None), now)
        series = read_series(data["resultType"], data["result"], {})
        assert isinstance(series, tuple), series
        answers.append(series)
    return counters.windows(spans(since, now, counting.interval, counting.delay), answers, edges, sides)


def value(ask: Ask, asked: Gate, now: datetime) -> Sample | Unknown:
    """The number that a gate with a limit reads at `now`."""
    assert asked.threshold is not None
    data = ask(query.parse(asked.threshold.query).bind(_binding(asked.threshold.window)), now)
    return read_answer(data["resultType"], data["result"], {}, now, 5.0)


def _binding(window: timedelta) -> query.Binding:
    return query.Binding(namespace="shop", release="web", stable="s", candidate="c", stable_replica_set=STABLE,
                         candidate_replica_set=CANDIDATE, window=window)  # fmt: skip
