"""What the real reconcile code asks the API server for beside what its views tell: dry runs that prove the hold, and pods."""

from dataclasses import replace

from tests.simulation.faults import Fault
from tests.simulation.process import Process
from tests.simulation.stories import STORIES, Object, rests, ship
from tests.simulation.world import World

_POLICIES = "mutatingadmissionpolicies.admissionregistration.k8s.io"


class _Noted(World):
    """Which image the Deployment had at each dry run, and how often pods were listed."""

    probed: tuple[str, ...] = ()
    listed_pods = 0

    def strikes(self, process: Process, method: str, path: str, query: str) -> Fault | None:
        self.listed_pods += path.endswith("/pods")
        if "dryRun=" in query:
            deployment: Object = self.find("deployments.apps") or {}
            self.probed += (deployment["spec"]["template"]["spec"]["containers"][0]["image"],)
        return super().strikes(process, method, path, query)


def _probed(*, touched: bool) -> set[str]:
    """A release of version 2 after two minutes at rest; `touched`: and with the policy written right before."""
    world = _Noted(replace(STORIES["rolling"], acts=()))
    world.start()
    assert world.go(lambda: rests("1")(world), 60)
    world.go(lambda: False, 120)
    if touched:
        world.admin.patch(_POLICIES, "release-coordinator-hold", "", {"metadata": {"annotations": {"touched": "now"}}})
    ship("shop:2", rests("1")).do(world)
    assert world.go(lambda: rests("2")(world), 120)
    return set(world.probed)


def test_a_change_that_is_seen_to_be_held_starts_without_a_dry_run() -> None:
    """It is the proof itself; a dry run was needed only when the Deployment was adopted."""
    assert _probed(touched=False) == {"shop:1"}


def test_a_change_is_proven_by_a_dry_run_when_the_policies_have_just_changed() -> None:
    """An API server may still act on the former ones."""
    assert _probed(touched=True) == {"shop:1", "shop:2"}


def test_pods_that_are_ready_soon_are_never_listed() -> None:
    """Not at a later step either, where some are ready already: a look would tell nothing by which a gate could decide."""
    assert _Noted(STORIES["rolling"]).run().listed_pods == 0
