"""PromQL of the chart, taken apart: which series, labels and values it asks for, and which of these the controller has.

Rendering belongs in conftest.py; this knows no YAML and no Helm.
"""

import promql_parser
from prometheus_client import Counter, Gauge, Histogram
from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, VectorSelector

from controller.telemetry import metrics
from strategies.spec.phase import Phase
from strategies.spec.status import Outcome
from strategies.spec.train_status import TrainPhase

SCRAPED = frozenset({"job", "instance"})
"""Labels that Prometheus gives to every series."""
VALUES: dict[str, frozenset[str]] = {
    "phase": frozenset({*Phase, *TrainPhase}),
    "outcome": frozenset({*Outcome, "ok", "failed", "raised"}),
    "result": frozenset({"ok", "failed"}),
    "verb": frozenset({"get", "list", "watch", "create", "patch", "delete"}),
}
"""Labels whose values are known beforehand."""
OF_THE_PROCESS = ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds")
"""What prometheus_client adds on Linux."""


def exposed() -> dict[str, frozenset[str]]:
    """Every series that the controller exposes, with its labels."""
    found = dict.fromkeys(OF_THE_PROCESS, SCRAPED)
    for metric in vars(metrics).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            (family,) = metric.describe()
            labels = SCRAPED | set(metric._labelnames)
            endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
            found |= {family.name + ending: labels | ({"le"} if ending == "_bucket" else set()) for ending in endings}
    return found


def problems(promql: str) -> list[str]:
    """What in a query the controller does not have. Raises ValueError for what is no PromQL."""
    known = exposed()
    found: list[str] = []

    def visit(node: Expr) -> None:
        if isinstance(node, VectorSelector):
            found.extend(_problems_of(node, known))
        if isinstance(node, AggregateExpr) and node.modifier:
            found.extend(f"grouped by {label}, which is not there" for label in set(node.modifier.labels) - labels(node.expr))

    promql_parser.walk(promql_parser.parse(promql), visit)
    return found


def _problems_of(selector: VectorSelector, known: dict[str, frozenset[str]]) -> list[str]:
    if selector.name not in known:
        return [f"no series {selector.name}"]
    found = []
    for matcher in selector.matchers.matchers:
        if matcher.name not in known[selector.name]:
            found.append(f"{selector.name} has no label {matcher.name}")
        elif matcher.name in VALUES and matcher.value and not matcher.value.startswith("$"):
            unknown = set(matcher.value.split("|")) - VALUES[matcher.name]
            found += [f"{matcher.name} of {selector.name} is never {value}" for value in sorted(unknown)]
    return found


def labels(node: Expr) -> frozenset[str]:
    """The labels of a query's result; every label there is where that is not known."""
    match node:
        case VectorSelector(name=name):
            return exposed().get(name or "", frozenset())
        case AggregateExpr() if node.modifier:
            return frozenset(node.modifier.labels)
        case Call() if node.func.name == "vector":
            return frozenset()
        case BinaryExpr():
            return labels(node.lhs)
        case Call():
            return labels(node.args[-1]) - ({"le"} if node.func.name == "histogram_quantile" else set())
    for below in ("expr", "vector_selector"):
        if hasattr(node, below):
            return labels(getattr(node, below))
    return frozenset()
