"""Gates that tests use, and what chance allows."""

from math import comb
from typing import Any

_OF = 'namespace="$namespace",pod_template_hash="$candidate"'
ERROR_SHARE = f'sum(rate(http_requests_total{{{_OF},code=~"5.."}}[$window])) / sum(rate(http_requests_total{{{_OF}}}[$window]))'
P99 = f"histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{{{_OF}}}[$window])))"


def gate(
    name: str, query: str = ERROR_SHARE, *, source: str = "default", at: tuple[str, ...] = ("step", "bake"), **bounds: Any
) -> dict[str, Any]:
    """A threshold gate that asks every second."""
    threshold = {"source": source, "query": query, "interval": "1s", "window": "4s", "failures": 2, **(bounds or {"max": 0.05})}
    return {"name": name, "threshold": threshold, "at": list(at)}


def likely(successes: int, tries: int, chance: float, doubt: float = 0.001) -> bool:
    """Whether a binomial count lies within the middle 1 - doubt of what chance allows."""
    probabilities = [comb(tries, k) * chance**k * (1 - chance) ** (tries - k) for k in range(tries + 1)]
    return sum(probabilities[: successes + 1]) > doubt / 2 and sum(probabilities[successes:]) > doubt / 2
