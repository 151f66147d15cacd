"""What the metrics tell of Releases."""

from prometheus_client import REGISTRY

from controller.telemetry import metrics
from strategies.spec.phase import Phase
from strategies.spec.status import Status

KEY = ("shop", "checkout")


def _phases() -> set[str]:
    series = (s for m in REGISTRY.collect() if m.name == "release_coordinator_release_phase" for s in m.samples)
    return {s.labels["phase"] for s in series if s.labels["release"] == KEY[1] and s.value == 1}


def test_what_can_be_counted_starts_at_zero() -> None:
    """A rate over a counter that appears with its first count misses that one."""
    series = {(s.name, *s.labels.values()): s.value for m in REGISTRY.collect() for s in m.samples}
    assert series["release_coordinator_effects_total", "SetWeight", "failed"] == 0
    assert series["release_coordinator_releases_ended_total", "Rejected"] >= 0
    assert series["release_coordinator_turns_total", "raised"] >= 0


def test_a_release_is_in_one_phase_from_the_first_look_until_another_process_leads() -> None:
    """Also one that was at rest when this process began to lead: alerts must not wait for its next change."""
    blocked = Status(phase=Phase.BLOCKED)
    metrics.show(KEY, blocked)
    assert _phases() == {"Blocked"}
    metrics.transition(KEY, blocked, Status(phase=Phase.HEALTHY))
    assert _phases() == {"Healthy"}
    metrics.forget_all()
    assert _phases() == set()
