"""Migrations that a release carries out: expanded before its candidate exists, undone after its candidate has gone.

Two rules. One that was applied is never run again, whatever release names it: its record stands in the status before it runs,
its Job's name is of one attempt, and the Job is made suspended, for a create cannot be guarded and a late one must run nothing.
And no way back waits for one: stable works with the data after it, or it would not have been run; so an undo comes last, beside
the order of effects, and one that fails keeps the next release back.

The Job of a migration carries its undo, so that it is there when the spec that brought it was taken back, too.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from strategies.analysis.verdict import Unknown
from strategies.rollout.jobs import COMPLETE, fitting
from strategies.rollout.stage import Wait
from strategies.rollout.turn import Turn
from strategies.rollout.wanted import World
from strategies.spec.change import Migration
from strategies.spec.job import MigrationJob
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Kind, Migrated, MigrationState, Outcome, Revision
from strategies.world.effects import DeleteJob, Effect, ResumeJob, RunMigration
from strategies.world.observation import Job

_UNDOES = frozenset({Outcome.REJECTED, Outcome.ABORTED, Outcome.REVERTED})
"""Ends after which nothing of a release is to be left. A newer template, or replicas that come back, go on from where it was."""
_STAY = frozenset({MigrationState.APPLIED, MigrationState.DONE})
_OVER = frozenset({MigrationState.DONE, MigrationState.UNDONE, MigrationState.FAILED, MigrationState.UNKNOWN})
_MOST = 50
_GONE_FOR = timedelta(seconds=60)
"""So long a Job must be missing before that is believed: a view may lag."""


def carried_out(spec: ReleaseSpec | None) -> tuple[Migration, ...]:
    """Those of the spec that have a Job."""
    return tuple(m for m in spec.change.migrations if m.job) if spec and spec.change else ()


def digest(migration: Migration) -> str:
    """Of what is run; the same name with another one is another migration."""
    jobs = [job.model_dump_json() if job else "" for job in (migration.job, migration.undo)]
    return hashlib.sha256("\n".join(jobs).encode()).hexdigest()[:12]


def name_of(record: Migrated, *, undo: bool = False) -> str:
    """Name of the migration's Job, or of its undo's; of one attempt of one Release."""
    return f"{fitting(record.name)}-{record.revision}-{'undo' if undo else 'migrate'}"


# --- records: what moves make of them


def begun(turn: Turn, kind: Kind, candidate: Revision) -> tuple[Migrated, ...]:
    """The records of a trial that begins. What is applied stays so; a release answers for what it names."""
    known = turn.status.migrations
    if kind is not Kind.RELEASE:
        return known
    wanted = {m.name: m for m in carried_out(turn.spec)}
    there = tuple(_taken_over(each, candidate.hash, listed=each.name in wanted) for each in known if each.state in _STAY)
    applied = {each.name for each in there}
    fresh = tuple(
        Migrated(name=name, digest=digest(m), revision=candidate.hash, release=candidate.hash, version=candidate.version,
                 undo=m.undo is not None)
        for name, m in wanted.items() if name not in applied
    )  # fmt: skip
    return (*there, *fresh)[-_MOST:]


def _taken_over(record: Migrated, release: str, *, listed: bool) -> Migrated:
    if record.state is MigrationState.DONE:
        return record
    return record.model_copy(update={"release": release} if listed else {"state": MigrationState.DONE})


def left(records: tuple[Migrated, ...], release: str, outcome: Outcome) -> tuple[Migrated, ...]:
    """Of a trial that is taken back."""
    if outcome not in _UNDOES:
        return records
    return tuple(_given_up(each) if each.release == release else each for each in records)


def _given_up(record: Migrated) -> Migrated:
    if record.state is MigrationState.APPLIED:
        said = "it is undone" if record.undo else "it stays applied: it has no undo, and stable works with it"
        state = MigrationState.UNDOING if record.undo else record.state
        return record.model_copy(update={"state": state, "message": said})
    return record.model_copy(update={"back": True})


def completed(records: tuple[Migrated, ...], release: str) -> tuple[Migrated, ...]:
    """Of a release that is stable now: its migrations are there to stay."""
    done = {"state": MigrationState.DONE}
    return tuple(
        each.model_copy(update=done) if each.release == release and each.state is MigrationState.APPLIED else each
        for each in records
    )


# --- what is seen of the Jobs


def observed(turn: Turn) -> tuple[Migrated, ...]:
    """The records as their Jobs show them; the same ones where nothing has changed, or nothing could be seen."""
    seen = turn.observation.jobs
    if isinstance(seen, Unknown) or not turn.status.migrations:
        return turn.status.migrations
    jobs = {job.name: job for job in seen if job.migrates}
    found = tuple(_observed(turn, each, jobs) for each in turn.status.migrations)
    return tuple(each for each in found if each is not None)


def _observed(turn: Turn, record: Migrated, jobs: dict[str, Job]) -> Migrated | None:
    up, down = jobs.get(name_of(record)), jobs.get(name_of(record, undo=True))
    match record.state:
        case MigrationState.WAITS:
            return _waits(turn, record, up)
        case MigrationState.RUNS:
            return _ran(turn, record, up)
        case MigrationState.UNDOING:
            return _undone(turn, record, up, down)
        case MigrationState.UNDO_FAILED:
            said = "its undo failed, and somebody has seen to it"
            return _missed(turn, record, said) if down is None else _seen_again(record)
    return record


def _answers(turn: Turn, record: Migrated) -> bool:
    return turn.moving and turn.trial is not None and turn.trial.candidate.hash == record.release


def _waits(turn: Turn, record: Migrated, up: Job | None) -> Migrated | None:
    if up is None or record.job not in ("", up.uid):
        if not record.job:
            return record if _answers(turn, record) else None
        said = f"Job {name_of(record)} was deleted, and whether it ran is not known: look at the data"
        return _missed(turn, record, said)
    if not up.suspended:
        return _became(turn, record, MigrationState.RUNS, f"Job {up.name} runs", job=up.uid)
    return record.model_copy(update={"job": up.uid, "missed_since": None}) if _answers(turn, record) else None


def _ran(turn: Turn, record: Migrated, up: Job | None) -> Migrated:
    if up is None or up.uid != record.job:
        said = f"Job {name_of(record)} was deleted before it ended, so what it did is not known: look at the data"
        return _missed(turn, record, said)
    if up.ended is None:
        return _seen_again(record)
    if up.ended != COMPLETE:
        return _became(turn, record, MigrationState.FAILED, _failed(up))
    if record.back and record.undo:
        return _became(turn, record, MigrationState.UNDOING, "it is undone")
    return _became(turn, record, MigrationState.APPLIED, f"Job {up.name} completed{_wrote(up)}")


def _undone(turn: Turn, record: Migrated, up: Job | None, down: Job | None) -> Migrated:
    if down is None and not record.undo_job:
        if _way_back(turn, record, up) is not None:
            return _seen_again(record)
        return _missed(turn, record, "its undo is gone, with its Job and from the spec: undo it by hand")
    if down is None or record.undo_job not in ("", down.uid):
        said = f"Job {name_of(record, undo=True)} was deleted before it ended: look at the data"
        return _missed(turn, record, said)
    if down.ended is None:
        return record.model_copy(update={"undo_job": down.uid, "missed_since": None})
    if down.ended == COMPLETE:
        return _became(turn, record, MigrationState.UNDONE, f"Job {down.name} completed{_wrote(down)}")
    said = f"its undo failed: {_failed(down)}. Put the data right, then delete that Job"
    return _became(turn, record, MigrationState.UNDO_FAILED, said, undo_job=down.uid)


def _missed(turn: Turn, record: Migrated, said: str) -> Migrated:
    since = record.missed_since or turn.now
    if turn.now - since < _GONE_FOR:
        return record.model_copy(update={"missed_since": since})
    return _became(turn, record, MigrationState.UNKNOWN, said)


def _seen_again(record: Migrated) -> Migrated:
    return record if record.missed_since is None else record.model_copy(update={"missed_since": None})


def _became(turn: Turn, record: Migrated, state: MigrationState, said: str, **more: str) -> Migrated:
    return record.model_copy(update={"state": state, "message": said[:1024], "at": turn.now, "missed_since": None, **more})


def _failed(job: Job) -> str:
    late = "had not ended after its timeout" if job.why == "DeadlineExceeded" else f"failed ({job.reason or job.why})"
    return f"Job {job.name} {late}{_wrote(job)}"


def _wrote(job: Job) -> str:
    return f"; it wrote: {job.log}" if job.log else ""


def due(turn: Turn) -> Iterator[datetime]:
    """When a Job that is missing counts as gone."""
    return (each.missed_since + _GONE_FOR for each in turn.status.migrations if each.missed_since)


# --- what is done


def expanded(turn: Turn, _: World) -> list[Effect] | Wait:
    """All that the release names have run, one after another: the candidate may rely on them."""
    trial, seen = turn.trial, turn.observation.jobs
    ours = (each for each in turn.status.migrations if trial and each.release == trial.candidate.hash)
    record = next((each for each in ours if each.state in (MigrationState.WAITS, MigrationState.RUNS)), None)
    if record is None:
        return []
    if isinstance(seen, Unknown):
        return Wait(message=f"Migration {record.name} waits: {seen.message}")
    name = name_of(record)
    if record.state is MigrationState.RUNS:
        return Wait(message=f"Migration {record.name} runs; `kubectl logs job/{name}` shows what it writes.")
    if any(job.name == name and not job.migrates for job in seen):
        return Wait(message=f"Job {name} belongs to somebody else; delete it, its name is needed for migration {record.name}.")
    named = next((m for m in carried_out(turn.spec) if m.name == record.name and digest(m) == record.digest), None)
    if named is None or named.job is None:
        return Wait(message=f"Migration {record.name} is not in spec.change.migrations any more as it was when the release "
                    "began; put it back, or abort=true.")  # fmt: skip
    made = next((job for job in seen if job.name == name), None)
    if made is not None:
        return [ResumeJob(name=name, uid=made.uid)] if made.suspended and made.uid == record.job else []
    return [_run(turn, record, name, named.job, undo=_written(named.undo) if named.undo else "")]


def effects(turn: Turn) -> tuple[Effect, ...]:
    """Beside the order of effects: the last that is to be undone is, once no pod needs it, and Jobs that are over go."""
    seen = turn.observation.jobs
    if isinstance(seen, Unknown) or turn.observation.deleting:
        return ()
    return (*_undo(turn, seen), *(DeleteJob(name=job.name, uid=job.uid) for job in _needless(turn, seen)))


def _undo(turn: Turn, seen: tuple[Job, ...]) -> Iterator[Effect]:
    going = turn.candidate is not None or isinstance(turn.observation.replica_sets, Unknown)
    record = next((r for r in reversed(turn.status.migrations) if r.state is MigrationState.UNDOING), None)
    if record is None or (turn.trial is not None and going):
        return
    name, jobs = name_of(record, undo=True), {job.name: job for job in seen}
    made = jobs.get(name)
    if made is not None and made.suspended and made.uid == record.undo_job:
        yield ResumeJob(name=name, uid=made.uid)
    if made is not None or record.undo_job:
        return
    back = _way_back(turn, record, jobs.get(name_of(record)))
    if back is not None:
        yield _run(turn, record, name, back)


def _way_back(turn: Turn, record: Migrated, up: Job | None) -> MigrationJob | None:
    """The undo: as the migration's Job carries it, or as the spec still has it."""
    if up is not None and up.undo:
        return MigrationJob.model_validate_json(up.undo)
    return next((m.undo for m in carried_out(turn.spec) if m.name == record.name and digest(m) == record.digest), None)


def _needless(turn: Turn, seen: tuple[Job, ...]) -> tuple[Job, ...]:
    """Jobs of migrations whose end is known, and no undo is carried by which may still be needed. One that runs is left alone."""
    wanted = set()
    for record in turn.status.migrations:
        if record.state not in _OVER and (record.undo or record.state is not MigrationState.APPLIED):
            wanted |= {name_of(record), name_of(record, undo=True)}
    over = (job for job in seen if job.migrates and (job.ended or job.suspended) and not job.deleting)
    return tuple(job for job in over if job.name not in wanted)


def _run(turn: Turn, record: Migrated, name: str, job: MigrationJob, undo: str = "") -> RunMigration:
    told = {
        "RELEASE_NAMESPACE": turn.observation.namespace,
        "RELEASE_NAME": turn.observation.name,
        "RELEASE_VERSION": record.version or "",
        "RELEASE_HASH": record.revision,
        "RELEASE_MIGRATION": record.name,
    }
    template = json.dumps(job.template, sort_keys=True)
    return RunMigration(name=name, gate=record.name, step=record.revision, template=template, environment=tuple(told.items()),
                        timeout=job.timeout, retries=job.retries, undo=undo)  # fmt: skip


def _written(job: MigrationJob) -> str:
    return job.model_dump_json(by_alias=True)


def settled(turn: Turn, _: World) -> list[Effect] | Wait:
    """At rest none runs, is being undone, or waits for a person; a deletion waits for none, for their Jobs are the Release's."""
    seen = turn.observation.jobs
    if turn.observation.deleting:
        return []
    waiting = unsettled(turn)
    if waiting is not None:
        return Wait(message=f"Migration {waiting.name}: {waiting.message}")
    if not isinstance(seen, Unknown) and any(job.migrates for job in seen):
        return Wait(message="Jobs of migrations that are over are being deleted.") if _going(turn, seen) else []
    return []


def _going(turn: Turn, seen: tuple[Job, ...]) -> bool:
    return bool(_needless(turn, seen)) or any(job.migrates and job.deleting for job in seen)


def unsettled(turn: Turn) -> Migrated | None:
    """The first whose end is not known yet, or that a person has to see to."""
    states = (MigrationState.RUNS, MigrationState.UNDOING, MigrationState.UNDO_FAILED)
    return next((each for each in turn.status.migrations if each.state in states), None)


# --- what keeps a release from starting


def obstacle(turn: Turn) -> str | None:
    """Why the spec's migrations cannot be run now, with the remedy; None when they can."""
    problems = turn.observation.migration_problems
    if problems:
        name, message = sorted(problems.items())[0]
        return f"spec.change.migrations[{name}]: {message}"
    waiting = unsettled(turn)
    if waiting is not None:
        return f"Migration {waiting.name} of a former release is not settled: {waiting.message.rstrip('.')}."
    known = {each.name: each for each in turn.status.migrations if each.state in _STAY}
    for migration in carried_out(turn.spec):
        was = known.get(migration.name)
        if was is not None and was.digest != digest(migration):
            return (f"Migration {migration.name} was carried out in another form by revision {was.revision}, and is not run "
                    "again. Give the new one a name of its own, or put the former one back.")  # fmt: skip
        cleaned = migration.cleans_up
        if cleaned and was is None and (cleaned not in known or known[cleaned].state is not MigrationState.DONE):
            return (f"Migration {migration.name} cleans up after {cleaned}, which no completed release of this Release has "
                    "carried out. Let that release complete first; if it was done otherwise, leave cleansUp out.")  # fmt: skip
    return None


def renewed(turn: Turn, records: tuple[Migrated, ...]) -> Turn:
    """The turn with these records."""
    return replace(turn, status=turn.status.model_copy(update={"migrations": records}))
