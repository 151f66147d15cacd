"""People and faults in any order that hypothesis thinks of; what fails is shrunk to the shortest."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.simulation import disturbances
from tests.simulation.exploring import WRITE_KINDS
from tests.simulation.faults import Fault, Kind, On
from tests.simulation.stories import RELEASES, STORIES, ask, scale, ship
from tests.simulation.world import Story, World

REST = ("Healthy", "RolledBack", "Paused", "AwaitingApproval", "Blocked", "Waiting")
_NEVER = Story(name="anything", make=STORIES["canary-route"].make, acts=(), over=lambda _: True)
_IMAGES = ("shop:1", "shop:2", "shop:2-errors50", "shop:3", "shop:3-nopull")
_REQUESTS = ("abort=true", "retry=true", "pause=true", "resume=true", "promote=step", "promote=full", "rollback=previous",
             "revert=true", "promote=nonsense")  # fmt: skip
_HAPPENING = (Kind.POD_DELETED, Kind.ROUTE_RESET, Kind.APPLIED, Kind.KILLED)


class Anything(RuleBasedStateMachine):
    """One shop under a canary with a route. Invariants hold after every write; in the end the world comes to rest."""

    @initialize()
    def begin(self) -> None:
        """Healthy at version 1."""
        self.world = World(_NEVER)
        self.world.start()
        self._pass(10)

    @rule(image=st.sampled_from(_IMAGES))
    def ship(self, image: str) -> None:
        """Somebody changes the image."""
        ship(image, lambda _: True).do(self.world)

    @rule(request=st.sampled_from(_REQUESTS))
    def ask(self, request: str) -> None:
        """Somebody annotates the Release."""
        ask(*request.split("="), lambda _: True).do(self.world)

    @rule(replicas=st.integers(0, 5))
    def scale(self, replicas: int) -> None:
        """Somebody, or an autoscaler, scales."""
        scale(replicas, lambda _: True).do(self.world)

    @rule(seconds=st.sampled_from((0.2, 1, 3, 8, 20)))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self._pass(seconds)

    @rule(kind=st.sampled_from(WRITE_KINDS), ahead=st.integers(1, 12))
    def strike(self, kind: Kind, ahead: int) -> None:
        """One of the next writes is struck."""
        self.world.plan.append(Fault(kind=kind, on=On.WRITE, at=len(self.world.writes) + ahead))

    @rule(kind=st.sampled_from(_HAPPENING), at=st.integers(1, 9))
    def happen(self, kind: Kind, at: int) -> None:
        """Something happens to the cluster."""
        disturbances.happen(self.world, Fault(kind=kind, on=On.TIME, at=at))

    def _pass(self, seconds: float) -> None:
        self.world.go(lambda: False, seconds)

    def teardown(self) -> None:
        """L1: with nothing more to befall it, the world comes to a phase in which it may stay."""
        if hasattr(self, "world"):
            self.world.plan.clear()
            if self.world.find("deployments.apps")["spec"]["replicas"] == 0:  # type: ignore[index]
                scale(2, lambda _: True).do(self.world)
            rests = self.world.go(lambda: self.world.status.get("phase") in REST and self.world.quiet > 10.0, 1200.0)
            assert rests or self.world.find(RELEASES) is None, f"L1: {self.world.said()}"


TestAnything = Anything.TestCase
TestAnything.settings = settings(
    max_examples=25, stateful_step_count=14, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)  # fmt: skip
