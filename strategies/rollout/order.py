"""The order of effects. Each list below is one direction; its stages run from top to bottom.

A stage looks at the wanted and the observed world and answers with effects (do these now), with Wait (look again later), or
with nothing (it is satisfied). The first stage that is not satisfied ends the turn, so nothing ever overtakes: after a
crash between any two writes the next turn finds the same stage and goes on. Stages never remember.
"""

from dataclasses import dataclass

from strategies.rollout import flags, jobs, migrations
from strategies.rollout import traffic_stages as traffic
from strategies.rollout import workload_stages as workload
from strategies.rollout.stage import Stage, Wait
from strategies.rollout.turn import Turn
from strategies.rollout.wanted import Mode, wanted
from strategies.world.effects import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What is still between the wanted and the observed world; settled when there is nothing."""

    stage: str | None = None
    effects: tuple[Effect, ...] = ()
    wait: Wait | None = None

    @property
    def settled(self) -> bool:
        """Whether the world is as wanted."""
        return self.stage is None


def pending(turn: Turn) -> Pending:
    """The first stage of this turn's order that is not satisfied."""
    if turn.moving and turn.spec is None and turn.workload is not None:
        said = turn.observation.spec_error or "it is not known"
        return Pending(stage="spec", wait=Wait(message=f"The spec cannot be carried out, so the release stands still: {said}"))
    world = wanted(turn)
    # Before all else, in every mode, and whatever cannot be seen: a flag that must not be on needs neither pods nor Services.
    if off := flags.off(turn):
        return Pending(stage="flags_off", effects=tuple(off))
    driven = turn.workload is not None and turn.workload.driven
    unseen = turn.unseen_pods if world.mode is Mode.UNDO else turn.unseen
    if unseen and (world.mode is not Mode.REST or turn.status.wheel is not None or driven):
        return Pending(stage="see", wait=Wait(message=unseen))
    for stage in ORDER[world.mode]:
        answer = stage(turn, world)
        name = stage.__name__.strip("_")
        if isinstance(answer, Wait):
            return Pending(stage=name, wait=answer)
        if answer:
            return Pending(stage=name, effects=tuple(answer))
    return Pending()


_TO_REST: tuple[Stage, ...] = (
    workload.strays,  # no pods that nobody answers for
    traffic.unpin,  # nothing but stable is left, so Services may select all pods again
    traffic.route_restored,  # the route is as its owner wrote it
    traffic.no_candidate_service,  # nothing refers to it any more
    workload.wheel_back,  # one write, and only at this generation: a template that arrives in between stays held
)

ORDER: dict[Mode, tuple[Stage, ...]] = {
    Mode.TRIAL: (
        workload.finalizer,  # a deletion from here on leaves something to undo
        workload.shown,  # an earlier rejection is not this change's
        workload.keep,  # the way back survives Kubernetes' own clean-up of history
        traffic.weight_back,  # a candidate that has lost its pods loses its traffic first
        migrations.expanded,  # the candidate may rely on the new form of the data
        traffic.shut,  # no Service may find the candidate by its labels
        workload.sweep,  # Kubernetes would take the oldest equal or the youngest ReplicaSet for its own
        workload.wheel,  # the native controller stands still
        workload.marks,  # … even with two active ReplicaSets
        traffic.candidate_service,  # the route needs something to point at
        workload.create,  # with 0 replicas: a create cannot be guarded, a scale can
        workload.scale,
        workload.ready,  # capacity before traffic
        traffic.pins,  # without a router: the Services' share
        traffic.shared,  # … which is there when it is seen
        traffic.weight,  # with one: the route's
        flags.flags_on,  # the new behaviour only where the new version has its share
    ),
    Mode.UNDO: (
        workload.marks,
        traffic.weight_back,  # users first
        workload.capacity,  # then stable's size, if it was reduced
        traffic.pins,
        workload.hand_over,
        traffic.drained,
        workload.shrink,  # seen without pods
        workload.delete,  # a rejected template has no ReplicaSet
        *_TO_REST,
        flags.flags_off,  # what could not be written at first held up nothing so far
    ),
    Mode.RETIRE: (
        workload.marks,
        traffic.moved_pins,  # the Services follow to the new stable revision …
        traffic.route_restored,  # … and only then does the route send everything through them
        workload.hand_over,
        traffic.drained,
        workload.shrink,
        *_TO_REST,
        flags.flags_off,
    ),
    Mode.REST: (
        workload.claim,
        *_TO_REST,
        workload.swept,  # a held template that history knows would be started by scaling from 0
        workload.template,
        workload.shown,
        migrations.settled,  # the last that is undone: nobody relies on it any more
        jobs.no_jobs,  # while the namespace is still looked at
        flags.flags_off,
        workload.no_finalizer,
    ),
    Mode.ABANDON: (
        traffic.unpin,  # pods of a new Deployment have other hashes
        traffic.route_restored,
        traffic.no_candidate_service,
        jobs.no_jobs,
        flags.flags_off,
        workload.no_finalizer,
    ),
    # Another Release has the Deployment: what is on it is that one's.
    Mode.ALIEN: (jobs.no_jobs, flags.flags_off, workload.no_finalizer),
}
"""What is done in which order, for each mode. Adding a stage means choosing its place here."""
