"""The controller's wall clock is set while a release is under way: by libfaketime, in its own process."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from tests.controlplane.cluster import ControlPlane
from tests.real.releases.analysis import gate
from tests.real.releases.faults.conftest import MakeStores, behind
from tests.real.releases.faults.promises import Promises
from tests.real.releases.installation import ACCOUNT, Installation

STEPS = [{"weight": 30, "duration": "6s"}, {"weight": 60, "duration": "6s"}, {"weight": 100}]
SPEC = {"strategy": {"type": "Canary", "canary": {"steps": STEPS}}, "rollback": {"warm": {"for": "2s"}}}
HOUR = 3600.0
WHY = "libfaketime is not here: apt-get install faketime"


def library() -> Path:
    """libfaketime for programs with threads. Skips where it cannot be had; in CI it can, by scripts/tools.sh, on a Debian."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if found:
        return found[0]
    if os.environ.get("CI") == "true" and shutil.which("apt-get"):
        pytest.fail(WHY, pytrace=False)
    pytest.skip(f"NOT RUN: {WHY}")


class Clock:
    """The wall clock of the controller's process, as far as it is off."""

    def __init__(self, product: Installation, file: Path) -> None:
        self._product, self._file = product, file

    def set(self, ahead: float) -> None:
        """Returns when the process goes by it: its renewals of the Lease say so."""
        self._file.write_text(f"{ahead:+.0f}\n")
        self._product.plane.wait_for(lambda: abs(self._ahead() - ahead) < HOUR / 2, 20, "a Lease by the new clock")

    def _ahead(self) -> float:
        path = f"/apis/coordination.k8s.io/v1/namespaces/{self._product.namespace}/leases/{self._product.name}"
        renewed = datetime.fromisoformat(self._product.plane.find(path)["spec"]["renewTime"])
        return (renewed - datetime.now(UTC)).total_seconds()


@pytest.fixture
def clock(plane: ControlPlane, product: Installation) -> Iterator[Clock]:
    """The controller with a clock of its own, which is right as yet; what nobody can set is left alone."""
    # Not below /tmp, where the controller's pod has a volume of its own.
    file = Path("/var/tmp") / f"{plane.folder.name}-clock"
    plane.on_stop(lambda: file.unlink(missing_ok=True))
    file.write_text("+0\n")
    file.chmod(0o644)
    variables = {"LD_PRELOAD": str(library()), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_CACHE_DURATION": "1",
                 "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DISABLE_SHM": "1"}  # fmt: skip
    with behind(product, **variables):
        yield Clock(product, file)


def test_an_hour_forward_and_an_hour_back_neither_cut_a_step_short_nor_draw_it_out(clock: Clock, stores: MakeStores) -> None:
    """Each in the middle of a step. A gate whose data are not of the clock's time waits, and decides when they are again."""
    (plain,), (gated,) = [*stores("clock", **SPEC), *stores("clock", **SPEC, gates=[gate("errors", max=0.2)])]
    shops = (plain, gated)
    promises = [Promises(each, 1) for each in shops]
    with plain.traffic(rate=10, seconds=120) as one, gated.traffic(rate=10, seconds=120) as other:
        for each in shops:
            each.ship("2")
        for each in shops:
            each.wait_for_trial_weight(30)
        clock.set(HOUR)
        plain.wait_for_trial_weight(60)
        clock.set(0)
        for each in shops:
            each.wait_for_outcome("Completed", timeout=60)
    for each in shops:
        # When the API server had them: a watch may show the first of two late.
        at = [datetime.fromisoformat(c.time) for c in each.plane.audit() if c.user == ACCOUNT and c.verb == "patch"
              and (c.resource, c.namespace) == ("httproutes", each.namespace) and c.code < 300]  # fmt: skip
        # The backend enters; 30, 60 and 100 %; it leaves without a share.
        lasted = [(after - before).total_seconds() for before, after in pairwise(at[1:4])]
        assert len(at) == 6, at
        assert min(lasted) >= 6, (each.name, lasted)
        assert max(lasted) < 40, (each.name, lasted)
    assert [broken for each in promises for broken in each.broken()] == []
    assert (one.problems, other.problems) == ({}, {})
    assert (plain.left_behind(), gated.left_behind()) == ([], [])
