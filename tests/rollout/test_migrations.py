"""Migrations that a release carries out: when they run, that they run once, and what becomes of them when it goes back."""

from datetime import timedelta
from typing import Any

import pytest

from strategies.analysis.verdict import Unknown
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Migrated, MigrationState, Status
from strategies.world.effects import CreateReplicaSet, DeleteReplicaSet, RunMigration
from tests.rollout.stories import ROUTED, at_step, in_phase, tell, trial_of
from tests.rollout.world import World, healthy, make_spec

FAILED = ("Failed", "BackoffLimitExceeded")


def migration(name: str = "add-column", *, undo: bool = True, cleans: str | None = None, image: str = "sql:1") -> dict[str, Any]:
    """One with a Job."""
    run = {"template": {"spec": {"containers": [{"name": "sql", "image": image}]}}}
    return {"name": name, "reversible": undo, "backwardCompatible": True, "job": run, **({"undo": run} if undo else {}),
            **({"cleansUp": cleans} if cleans else {})}  # fmt: skip


def changing(*migrations: dict[str, Any]) -> dict[str, Any]:
    """A spec's parts with these migrations."""
    return {**ROUTED, "change": {"kind": "DataMigration", "migrations": list(migrations)}}


def shipped(*migrations: dict[str, Any], **ends: Any) -> World:
    """A release that has just begun."""
    world = healthy(make_spec(**changing(*(migrations or (migration(),)))), ends=ends)
    world.apply("v2")
    return world.run(in_phase(Phase.PROGRESSING))


def ran(world: World) -> list[str]:
    """What was run, in order: a migration's name, with `undo` before its undo."""
    runs = [w for w in world.writes if isinstance(w, RunMigration)]
    return [f"undo {w.gate}" if w.name.endswith("-undo") else w.gate for w in runs]


def states(world: World) -> dict[str, MigrationState]:
    """How far each is."""
    return {each.name: each.state for each in world.status.migrations}


def again(world: World, template: str, *migrations: dict[str, Any]) -> World:
    """The next release, with these migrations."""
    world.spec = make_spec(**changing(*migrations))
    world.apply(template)
    return world


def test_all_run_in_their_order_before_the_candidate_exists_and_stay_when_it_completes() -> None:
    """Each once, none beside another, and no Job is left."""
    world = tell("a good canary with router and migrations")
    assert ran(world) == ["add-column", "fill-column"]
    kinds = [type(w) for w in world.writes if isinstance(w, RunMigration | CreateReplicaSet)]
    assert kinds == [RunMigration, RunMigration, CreateReplicaSet]
    world.run()
    assert set(states(world).values()) == {MigrationState.DONE}
    assert world.jobs == {}


def test_one_that_fails_takes_the_release_back_before_it_has_a_candidate_and_undoes_those_before_it() -> None:
    """Its own undo is not run: nobody knows what it has left."""
    world = tell("a migration fails after another with router")
    world.run()
    assert ran(world) == ["add-column", "fill-column", "undo add-column"]
    assert not any(isinstance(w, CreateReplicaSet) for w in world.writes)
    assert states(world) == {"add-column": MigrationState.UNDONE, "fill-column": MigrationState.FAILED}
    said = world.status.history[-1].message
    assert "Migration fill-column did not run through: Job" in said
    assert "retry=true runs it again" in said
    assert world.jobs == {}


def test_a_release_that_goes_back_is_undone_in_reverse_order_after_its_pods_have_gone() -> None:
    """And users are back long before."""
    world = shipped(migration("a"), migration("b"))
    world.run(at_step(1))
    world.ask("abort")
    world.run(in_phase(Phase.ROLLED_BACK))
    world.run()
    assert ran(world) == ["a", "b", "undo b", "undo a"]
    last = max(i for i, w in enumerate(world.writes) if isinstance(w, DeleteReplicaSet))
    assert all(i > last for i, w in enumerate(world.writes) if isinstance(w, RunMigration) and w.name.endswith("-undo"))
    assert set(states(world).values()) == {MigrationState.UNDONE}
    assert world.jobs == {}


def test_the_undo_is_the_one_that_came_with_the_release_though_the_spec_was_taken_back_first() -> None:
    """As when both are reverted in one commit."""
    world = shipped()
    world.run(at_step(1))
    world.spec = make_spec(**ROUTED)
    world.apply("v1")
    world.run()
    assert ran(world) == ["add-column", "undo add-column"]
    assert states(world) == {"add-column": MigrationState.UNDONE}


def test_one_without_an_undo_stays_applied_and_is_not_run_again_by_a_retry() -> None:
    """Stable works with it; the next try takes it as it is."""
    world = shipped(migration(undo=False))
    world.run(at_step(1))
    world.ask("abort")
    world.run()
    assert states(world) == {"add-column": MigrationState.APPLIED}
    world.ask("retry")
    world.run(in_phase(Phase.COMPLETING))
    assert ran(world) == ["add-column"]


def test_a_newer_template_goes_on_from_what_was_applied() -> None:
    """And answers for it: when the newer one goes back, it is undone."""
    world = shipped()
    world.run(at_step(1))
    world.apply("v3")
    world.run(lambda w: trial_of("v3")(w) and at_step(1)(w))
    assert ran(world) == ["add-column"]
    world.ask("abort")
    world.run()
    assert ran(world) == ["add-column", "undo add-column"]


def test_abort_does_not_wait_for_one_that_runs_and_undoes_it_once_it_has_ended() -> None:
    """It is not stopped in the middle, and the next release does not start beside it."""
    world = shipped(**{"add-column": None})
    world.run(lambda w: states(w).get("add-column") is MigrationState.RUNS)
    world.ask("abort")
    world.run(lambda w: w.status.trial is None)
    assert states(world) == {"add-column": MigrationState.RUNS}
    world.apply("v3")
    world.run(in_phase(Phase.BLOCKED))
    assert world.status.reason is Reason.MIGRATION_UNUSABLE
    assert "of a former release is not settled" in world.status.message
    del world.ends["add-column"]
    world.run(in_phase(Phase.COMPLETING))
    assert ran(world) == ["add-column", "undo add-column", "add-column"]


def test_an_undo_that_fails_keeps_the_next_release_back_until_a_person_has_seen_to_it() -> None:
    """By deleting its Job; the way back itself is long over."""
    world = shipped(**{"undo add-column": FAILED})
    world.run(at_step(1))
    world.ask("abort")
    world.run()
    assert world.status.phase is Phase.ROLLED_BACK
    assert states(world) == {"add-column": MigrationState.UNDO_FAILED}
    (said,) = [c for c in world.status.conditions if c.type == "Migrated"]
    assert (said.status, said.reason) == ("False", "UndoFailed")
    assert "Put the data right, then delete that Job" in said.message
    world.apply("v3")
    world.run()
    assert (world.status.phase, world.status.reason) == (Phase.BLOCKED, Reason.MIGRATION_UNUSABLE)
    world.jobs = {name: job for name, job in world.jobs.items() if not name.endswith("-undo")}
    world.run(in_phase(Phase.COMPLETING))
    assert ran(world) == ["add-column", "undo add-column", "add-column"]


def test_a_job_that_somebody_deletes_is_not_run_a_second_time() -> None:
    """It counts as gone after a minute in which no view has it; the release goes back, and says what to do."""
    world = shipped(**{"add-column": None})
    world.run(lambda w: states(w).get("add-column") is MigrationState.RUNS)
    world.jobs.clear()
    world.turn()
    assert states(world) == {"add-column": MigrationState.RUNS}
    began = world.now
    world.run(in_phase(Phase.ROLLED_BACK))
    assert world.now - began >= timedelta(seconds=60)
    assert ran(world) == ["add-column"]
    assert states(world) == {"add-column": MigrationState.UNKNOWN}
    assert "so what it did is not known: look at the data" in world.status.history[-1].message


def test_a_view_that_lags_for_a_moment_is_no_job_that_was_deleted() -> None:
    """It is seen again, and the release goes on."""
    world = shipped(**{"add-column": None})
    world.run(lambda w: states(w).get("add-column") is MigrationState.RUNS)
    kept = dict(world.jobs)
    world.jobs.clear()
    world.turn()
    world.jobs.update(kept)
    del world.ends["add-column"]
    world.run(in_phase(Phase.COMPLETING))
    assert ran(world) == ["add-column"]


def test_its_own_time_bounds_it_and_not_the_deadline_of_the_pods() -> None:
    """An hour of filling a column is no candidate that does not start."""
    world = shipped(**{"add-column": None})
    world.run(lambda w: states(w).get("add-column") is MigrationState.RUNS)
    for _ in range(20):
        world.now += timedelta(minutes=5)
        world.turn()
    assert world.status.phase is Phase.PROGRESSING
    del world.ends["add-column"]
    world.run(in_phase(Phase.COMPLETING))


def test_what_was_carried_out_is_not_run_by_a_later_release_that_names_it() -> None:
    """Under its name, for ever; in another form it needs another name."""
    world = shipped()
    world.run(in_phase(Phase.COMPLETING))
    world.run()
    again(world, "v3", migration()).run(in_phase(Phase.COMPLETING))
    world.run()
    assert ran(world) == ["add-column"]
    again(world, "v4", migration(image="sql:2")).run(in_phase(Phase.BLOCKED))
    assert world.status.reason is Reason.MIGRATION_UNUSABLE
    assert "was carried out in another form" in world.status.message


def test_what_cleans_up_waits_for_a_release_that_has_completed() -> None:
    """The same release cannot be meant, so it is refused by the spec; nothing was carried out before, so nothing starts."""
    with pytest.raises(ValueError, match="belongs into a later release"):
        make_spec(**changing(migration(), migration("drop", cleans="add-column")))
    world = healthy(make_spec(**changing(migration("drop", undo=False, cleans="add-column"))))
    world.apply("v2")
    world.run(in_phase(Phase.BLOCKED))
    assert "which no completed release of this Release has carried out" in world.status.message
    world.spec = make_spec(**changing(migration()))
    world.run(in_phase(Phase.COMPLETING))
    world.run()
    again(world, "v3", migration("drop", undo=False, cleans="add-column")).run(in_phase(Phase.COMPLETING))
    assert ran(world) == ["add-column", "drop"]


def test_what_the_api_server_would_refuse_starts_nothing() -> None:
    """With the field to correct."""
    world = healthy(make_spec(**changing(migration())))
    world.unknown["migration_problems"] = {"add-column": "its Job would be refused"}  # type: ignore[assignment]
    world.apply("v2")
    world.run(in_phase(Phase.BLOCKED))
    assert world.status.message == "spec.change.migrations[add-column]: its Job would be refused"
    assert ran(world) == []


def test_jobs_that_cannot_be_seen_start_nothing_twice_and_hold_up_no_way_back() -> None:
    """A right that is missing: the release waits, and an abort is carried out."""
    world = shipped(**{"add-column": None})
    world.unknown["jobs"] = Unknown(reason="NotListed", message="the Jobs could not be listed")
    world.turn()
    assert ran(world).count("add-column") <= 1
    world.ask("abort")
    world.run(lambda w: w.status.trial is None)
    assert world.status.phase is Phase.ROLLED_BACK


def test_a_rollback_after_completion_undoes_nothing() -> None:
    """Stable before works with the data, and the new version has written some."""
    world = tell("a good canary with router and migrations")
    world.run()
    world.ask("rollback", "previous")
    world.run(in_phase(Phase.COMPLETING))
    assert ran(world) == ["add-column", "fill-column"]


def test_a_deleted_release_does_not_wait_for_an_undo() -> None:
    """Its Jobs are its own, and go with it."""
    world = shipped()
    world.run(at_step(1))
    world.deleting = True
    world.run()
    assert not world.finalizer
    assert ran(world) == ["add-column"]


def test_records_are_read_back_as_they_were_written() -> None:
    """And more than are kept are forgotten, the oldest first."""
    world = shipped()
    world.run(in_phase(Phase.COMPLETING))
    world.run()
    old = tuple(Migrated(name=f"m{n}", digest="d", revision="r", release="r", state=MigrationState.DONE) for n in range(60))
    world.status = world.status.model_copy(update={"migrations": (*old, *world.status.migrations)})
    again(world, "v3", migration("b")).run(lambda w: "b" in states(w))
    kept = world.status.migrations
    assert (len(kept), kept[-2].name, kept[-1].name) == (50, "add-column", "b")
    assert Status.model_validate(world.status.model_dump(mode="json", by_alias=True)).migrations == kept
