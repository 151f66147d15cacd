"""What keeps a release from starting: each obstacle is told with its remedy, and gone as soon as it is removed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from strategies.analysis.verdict import Unknown
from strategies.spec.phase import Phase
from strategies.spec.policy import Requirement
from strategies.spec.reason import Reason
from strategies.spec.status import Outcome
from strategies.world import effects as e
from strategies.world.observation import FOREVER, Frozen, Queued, Required
from tests.rollout.objects import Selecting, Splitting
from tests.rollout.stories import CANARY, ROLLING, ROUTED, trial_of
from tests.rollout.world import World, healthy, make_spec

Change = Callable[[World], None]


def _deployment(**changed: Any) -> Change:
    def change(world: World) -> None:
        assert world.deployment is not None
        for name, value in changed.items():
            setattr(world.deployment, name, value)

    return change


def _change(**changed: Any) -> Change:
    def change(world: World) -> None:
        for name, value in changed.items():
            setattr(world, name, value)

    return change


def _shared(foreign: int) -> Change:
    def change(world: World) -> None:
        world.services["shop"].foreign = foreign

    return change


REQUIRED = Required(policy="calm", requirement=Requirement.model_validate(
    {"name": "told", "done": ["Stakeholders"], "redFlags": ["RollbackUnproven"]}))  # fmt: skip
MILDER = Required(policy="calm", requirement=Requirement.model_validate({"name": "told", "done": ["Stakeholders"]}))
FROZEN = Frozen(policy="calm", freeze="weekend", until=datetime(2026, 1, 5, 7, tzinfo=UTC), reason="Nobody is here.")
NOT_LISTED = Unknown(reason="NotListed", message="services could not be listed; see the controller's log.")
NOT_READ = Unknown(reason="InternalError", message="Gateway edge of the route could not be read: 500.")
PROBLEM = "HTTPRoute shop has no backend that selects these pods"
OBSTACLES: dict[str, tuple[dict[str, Any], Change, Change, Reason, str]] = {
    "something could not be seen": (
        ROUTED, _change(unknown={"services": NOT_LISTED}), _change(unknown={}), Reason.NOT_OBSERVED,
        "services could not be listed; see the controller's log."),
    "the hold does not work": (
        CANARY, _change(unknown={"hold": False}), _change(unknown={}), Reason.POLICY_MISSING,
        "The hold does not work: a dry-run change of the Deployment was not held. Restore the chart's admission policies"),
    "the hold could not be proved": (
        CANARY, _change(unknown={"hold": Unknown(reason="Timeout", message="the dry-run failed: timeout")}), _change(unknown={}),
        Reason.POLICY_MISSING, "The hold does not work: the dry-run failed: timeout."),
    "no history is kept": (
        CANARY, _deployment(history=0), _deployment(history=3), Reason.NO_HISTORY,
        "The Deployment's revisionHistoryLimit is 0, so Kubernetes would delete the revision to return to; set it to 1 or more."),
    "a freeze is in force": (
        CANARY, _change(unknown={"frozen": FROZEN}), _change(unknown={}), Reason.FROZEN,
        "Freeze weekend of ReleasePolicy calm is in force until 2026-01-05 07:00 UTC: Nobody is here. The change stays held, and "
        "goes out by itself then; rollbacks are free."),
    "a freeze never ends": (
        CANARY, _change(unknown={"frozen": replace(FROZEN, until=FOREVER)}), _change(unknown={}), Reason.FROZEN,
        "Freeze weekend of ReleasePolicy calm is in force and has no end within a year, as it begins again before it is over: "
        "Nobody is here. The change stays held: whoever runs the policy has to shorten"),
    "a policy requires more": (
        CANARY, _change(unknown={"required": (REQUIRED,)}), _change(unknown={}), Reason.REQUIREMENT_UNMET,
        "Requirement told of ReleasePolicy calm is not met by this change, whose risk is "),
    "it is not its turn": (
        CANARY, _change(unknown={"queued": Queued(message="ReleasePolicy calm lets 1 at a time be on their way.")}),
        _change(unknown={}), Reason.QUEUED, "ReleasePolicy calm lets 1 at a time be on their way."),
    "its train has not let it go": (
        CANARY, _change(unknown={"queued": Queued(message="Member a of ReleaseTrain t waits.", reason=Reason.IN_TRAIN)}),
        _change(unknown={}), Reason.IN_TRAIN, "Member a of ReleaseTrain t waits."),
    "which trains there are is not known": (
        CANARY, _change(unknown={"queued": Unknown(reason="NotListed", message="releasetrains could not be listed yet.")}),
        _change(unknown={}), Reason.NOT_OBSERVED, "releasetrains could not be listed yet."),
    "whether a freeze is in force is not known": (
        CANARY, _change(unknown={"frozen": Unknown(reason="PolicyInvalid", message="ReleasePolicy calm cannot be understood.")}),
        _change(unknown={}), Reason.NOT_OBSERVED, "ReleasePolicy calm cannot be understood."),
    "Recreate and canary": (
        CANARY, _deployment(strategy='{"type": "Recreate"}'), _deployment(strategy='{"type": "RollingUpdate"}'),
        Reason.RECREATE_STRATEGY, "say spec.strategy.allowParallel: true"),
    "Recreate and rolling": (
        ROLLING, _deployment(strategy='{"type": "Recreate"}'), _deployment(strategy='{"type": "RollingUpdate"}'),
        Reason.RECREATE_STRATEGY, "which cannot roll; use RollingUpdate there"),
    "a shared Service": (
        CANARY, _shared(2), _shared(0), Reason.SERVICE_SHARED,
        "Service shop also has 2 endpoints of other workloads, so it cannot be pinned; give it a narrower selector or name it"),
    "no route": (
        ROUTED, _change(route=None), _change(route=Splitting()), Reason.ROUTE_UNUSABLE,
        "HTTPRoute shop does not exist; create it"),
    "a route that cannot be used": (
        ROUTED, _change(route=Splitting(problem=PROBLEM)), _change(route=Splitting()), Reason.ROUTE_UNUSABLE, PROBLEM),
    "a route whose gateway could not be read": (
        ROUTED, _change(route=Splitting(problem=NOT_READ)), _change(route=Splitting()), Reason.NOT_OBSERVED, NOT_READ.message),
    "a foreign Service of the candidate's name": (
        ROUTED, _change(candidate_service=Selecting(foreign=1)), _change(candidate_service=None), Reason.ROUTE_UNUSABLE,
        "Service shop-candidate exists and is not ours; rename it, its name is needed for the candidate."),
    "a gate that cannot be asked": (
        CANARY, _change(gate_problems={"errors": "MetricSource default does not exist; create it."}), _change(gate_problems={}),
        Reason.GATE_UNUSABLE, "spec.gates[errors]: MetricSource default does not exist; create it."),
}  # fmt: skip


@pytest.mark.parametrize("case", OBSTACLES)
def test_an_obstacle_blocks_the_start_with_its_remedy_and_nothing_is_touched_until_it_is_gone(case: str) -> None:
    """Blocked, no write on anything but status; afterwards the same template starts by itself."""
    spec, put, away, reason, message = OBSTACLES[case]
    world = healthy(make_spec(**spec))
    put(world)
    world.apply("v2")
    world.run()
    assert (world.status.phase, world.status.reason) == (Phase.BLOCKED, reason)
    assert message in world.status.message
    assert not [w for w in world.writes if isinstance(w, e.Pin | e.TakeWheel | e.Scale | e.CreateReplicaSet | e.SetWeight)]
    away(world)
    world.run(trial_of("v2"))


def test_which_train_a_template_waits_for_is_kept_whatever_else_is_in_the_way() -> None:
    """Also while a freeze speaks first: the train may be gone when it is over. It ends with the wait, or with the template."""
    world = healthy(make_spec(**CANARY))
    queued = Queued(message="Member a of ReleaseTrain t waits.", reason=Reason.IN_TRAIN, train="t")
    world.unknown = {"frozen": FROZEN, "queued": queued}
    world.apply("v2")
    world.run()
    assert world.status.reason is Reason.FROZEN
    assert world.status.train is not None
    assert (world.status.train.name, world.status.train.digest) == ("t", "digest of v2")
    world.unknown = {"queued": Unknown(reason="NotListed", message="releasetrains could not be listed yet.")}
    assert world.run().status.train is not None
    world.unknown = {"frozen": FROZEN}  # The train leaves the member out.
    assert world.run().status.train is None
    world.unknown = {"queued": queued}
    assert world.run().status.train is not None
    world.apply("v1")
    assert world.run().status.train is None


def test_stable_without_its_replica_set_blocks_because_there_is_no_way_back() -> None:
    """Somebody deleted it while the change was held."""
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    del world.sets["shop-kv1"]
    world.turn()
    assert (world.status.phase, world.status.reason) == (Phase.BLOCKED, Reason.STABLE_LOST)
    assert "ReplicaSet shop-kv1 of the stable revision is gone, so there is no way back." in world.status.message


def test_a_canary_of_a_recreate_deployment_goes_out_when_its_author_allows_it() -> None:
    """allowParallel: true; the Deployment has its Recreate again in the end."""
    world = healthy(make_spec(strategy={**CANARY["strategy"], "allowParallel": True}))
    assert world.deployment is not None
    world.deployment.strategy = '{"type": "Recreate"}'
    world.apply("v2")
    world.run(trial_of("v2"))
    world.run(lambda w: w.deployment is not None and w.deployment.driven)
    world.run(lambda w: w.deployment is not None and not w.deployment.driven)
    assert world.deployment.strategy == '{"type": "Recreate"}'


def test_an_invalid_spec_is_told_and_a_corrected_one_goes_on() -> None:
    """Before the adoption, and at rest."""
    world = healthy(make_spec(**CANARY))
    world.spec_error = "spec.gates.0: no"
    world.apply("v2")
    world.run()
    assert (world.status.phase, world.status.message) == (Phase.INVALID, "spec.gates.0: no")
    world.spec_error = None
    world.run(trial_of("v2"))


@pytest.mark.parametrize("part", ["workload", "replica_sets", "services", "candidate_service", "route", "pods", "kept"])
def test_what_cannot_be_seen_for_a_while_in_mid_trial_is_waited_for(part: str) -> None:
    """S12: no step is left meanwhile, nothing is rejected, and the release goes on when it is seen again."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.run(lambda w: w.status.trial is not None and w.status.trial.step.index == 1 and w.status.trial.step.since is not None)
    world.unknown = {part: Unknown(reason="NotListed", message="could not be read.")}
    index = 1
    for _ in range(20):
        world.turn_blind()
        trial = world.status.trial
        assert part in ("pods", "kept") or (trial is not None and trial.step.index == index)
    world.unknown = {}
    assert world.run().status.phase is Phase.HEALTHY


def test_a_requirement_is_met_by_what_it_asks_for_and_asks_nothing_of_the_way_back() -> None:
    """Whoever must know was told: it starts. A rollback needs nothing, though that is written nowhere any more."""
    world = healthy(make_spec(**CANARY))
    world.unknown = {"required": (REQUIRED,)}
    world.apply("v2")
    world.run(lambda w: w.status.phase is Phase.BLOCKED)
    assert "Stakeholders is Missing (spec.change.stakeholders is empty)" in world.status.message
    assert "red flag RollbackUnproven (" in world.status.message
    world.spec = make_spec(**CANARY, change={"kind": "Feature", "stakeholders": ["support"]})
    world.unknown = {"required": (MILDER,)}
    world.run()
    assert world.status.history[-1].outcome is Outcome.COMPLETED
    world.spec = make_spec(**CANARY)
    world.ask("rollback", "previous")
    world.run()
    assert world.deployment is not None
    assert (world.status.phase, world.deployment.template) == (Phase.HEALTHY, "v1")


def test_a_freeze_is_looked_at_again_when_it_ends_and_not_before() -> None:
    """A fleet that waits for Monday costs nothing until then."""
    world = healthy(make_spec(**CANARY))
    world.unknown = {"frozen": FROZEN}
    world.apply("v2")
    world.run(lambda w: w.status.phase is Phase.BLOCKED)
    world.turn()
    assert (world.status.phase, world.status.reason) == (Phase.BLOCKED, Reason.FROZEN)
    assert world.wake_at == FROZEN.until


def test_a_release_that_is_on_its_way_goes_on_and_the_way_back_is_free_in_a_freeze() -> None:
    """A rollback after completion too; only what is new has to wait."""
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    world.run(trial_of("v2"))
    world.unknown = {"frozen": FROZEN}
    world.run()
    assert world.status.history[-1].outcome is Outcome.COMPLETED
    world.ask("rollback", "previous")
    world.run()
    assert world.deployment is not None
    assert (world.status.phase, world.deployment.template) == (Phase.HEALTHY, "v1")
    world.apply("v3")
    world.run()
    assert world.status.reason is Reason.FROZEN
