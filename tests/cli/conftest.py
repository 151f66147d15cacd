"""releasectl as a user has it: a kubeconfig, a cluster behind it, and what was printed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from controller.cli.main import main
from strategies.spec.phase import Phase
from tests.cli.double import Double, serving
from tests.rollout.stories import at_step
from tests.rollout.world import World, healthy, make_spec


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command has printed, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]
CANARY: dict[str, Any] = {
    "strategy": {"canary": {"steps": [{"weight": 25, "duration": "10m"}, {"weight": 50, "duration": "10m"}, {"weight": 100}]}},
    "rollback": {"warm": {"for": "10m"}},
}


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs releasectl in this process."""

    def run(*arguments: str) -> Said:
        capfd.readouterr()
        code = main(list(arguments))
        printed = capfd.readouterr()
        assert "Traceback" not in printed.err
        return Said(code=code, out=printed.out, err=printed.err)

    return run


@pytest.fixture
def canary() -> World:
    """A canary without router at its first share of the traffic: 1 of 5 pods."""
    # In the present, because commands have a clock of their own; the steps outlast any test.
    world = healthy(make_spec(**CANARY), now=datetime.now(UTC))
    world.apply("v2")
    return world.run(at_step(1))


@pytest.fixture
def rejected(canary: World) -> World:
    """A world whose release was rolled back because its pods did not run."""
    canary.apply("v3")
    canary.broken.add("v3")
    return canary.run(lambda world: world.status.phase is Phase.ROLLED_BACK)


@pytest.fixture
def cluster(canary: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    """A cluster with a canary in flight, and the user's kubeconfig for it."""
    spec: dict[str, Any] = {"workloadRef": {"name": "shop"}, **CANARY}
    with serving(Double(canary, spec=spec)) as double:
        monkeypatch.setenv("KUBECONFIG", str(double.kubeconfig(tmp_path)))
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        yield double
