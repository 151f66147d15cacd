"""`releasectl gate replay` against a real Prometheus: what it says of a release is what the controller did."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from tests.controlplane.cluster import ROOT
from tests.controlplane.gateway import Gateway
from tests.controlplane.prometheus import Prometheus
from tests.real.releases.shop import Shop
from tests.real.releases.test_ratio import HALF, RATIO

MakeShop = Callable[..., Shop]


def test_a_release_that_was_taken_back_is_taken_back_in_its_replay(
    shop: MakeShop, gateway: Gateway, prometheus: Prometheus, tmp_path: Path
) -> None:
    """The same gate over the same time fails again; of stable alone it cannot tell."""
    checkout = shop(pods=2, image="shop:1-errors2", gateway=gateway)
    checkout.release(strategy=HALF, gates=[{"name": "errors", "ratio": RATIO}])
    with checkout.traffic(rate=60, seconds=90):
        checkout.ship("2-errors20")
        past = checkout.wait_for_outcome("Rejected", timeout=60)["history"][-1]
    file = tmp_path / "release.yaml"
    file.write_text(yaml.safe_dump(checkout.manifest(strategy=HALF, gates=[{"name": "errors", "ratio": RATIO}])))
    stable = checkout.status()["stable"]["hash"]
    started, ended = (datetime.fromisoformat(past[name]) for name in ("started", "ended"))

    def replayed(candidate: str) -> tuple[int, dict[str, str]]:
        argv = [sys.executable, "-m", "controller.cli", "gate", "replay", str(file), "--gate", "errors", "--candidate", candidate,
                "--stable", stable, "--from", started.isoformat(), "--to", (ended + timedelta(seconds=2)).isoformat(),
                "--prometheus", prometheus.url, "-o", "json"]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, json.loads(done.stdout)

    assert datetime.now(UTC) > started
    code, said = replayed(past["revision"]["hash"])
    assert (code, said["verdict"]) == (1, "Fail"), said
    code, said = replayed("nobody")
    assert (code, said["verdict"]) == (3, "Inconclusive"), said
