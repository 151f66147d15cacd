"""Every guard that is tested by taking it out: what it is for, and the run in which its absence is seen.

A guard without a run that needs it would be a guard for nothing. How one is taken out is in tests.simulation.removals.
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from strategies.rollout import flags, jobs, lifecycle, migrations, progress, traffic_stages, workload_stages
from strategies.rollout.turn import Turn
from strategies.rollout.wanted import Mode
from strategies.world import effects
from tests.simulation import removals
from tests.simulation.removals import Remove, check, stage
from tests.simulation.stories import POINTED, STORIES
from tests.simulation.views import Following
from tests.simulation.world import Story, World

Object = dict[str, Any]
_ABOUT = re.compile(r"\[(.*)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`name` says what is missing. `shows`: how the problem begins that the story shows under the plan without the guard.

    In the plan, a text in brackets stands for the number of the write or notification that it is about.
    """

    name: str
    remove: Remove
    story: str
    plan: str = ""
    shows: str


def _mutant(name: str, remove: Remove, killer: str, shows: str) -> Mutant:
    story, _, plan = killer.partition(" ")
    return Mutant(name=name, remove=remove, story=story, plan=plan, shows=shows)


_EARLY_FLAG = removals.placed(Mode.TRIAL, flags.flags_on, before=traffic_stages.weight)
_LATE_PINS = removals.placed(Mode.UNDO, traffic_stages.pins, before=traffic_stages.unpin)
_LATE_WEIGHT = removals.placed(Mode.UNDO, traffic_stages.weight_back, before=traffic_stages.unpin)
_EARLY_SHRINK = removals.placed(Mode.RETIRE, workload_stages.shrink, before=traffic_stages.moved_pins)
_NOT_REJECTED = removals.attribute(Turn, "rejected", property(lambda _: False))
_ALWAYS_PASSED = removals.attribute(progress, "_passes", lambda _: True)
_NO_PATIENCE = removals.attribute(progress, "NO_PODS_PATIENCE", timedelta())
_BY_ITS_SHARE = removals.attribute(traffic_stages, "_enters", lambda *_: False)
_NEVER_UNACCEPTED = removals.attribute(traffic_stages, "_unaccepted", lambda _: None)
_IMPATIENT = removals.attribute(traffic_stages, "ACCEPTANCE_PATIENCE", timedelta())

MUTANTS = (
    # between two leaders, and between a process and the world
    _mutant("commit: only on the status that was decided on", removals.commit_tests("/status/turn", "/status"),
            "bad-canary-share overlap@write[phase RollingBack]/25", "S4: rejected"),
    _mutant("commit: a step forward only on the spec that was decided on", removals.commit_tests("/metadata/generation"),
            "one-more-gate frozen@event[MODIFIED Release 2]/20", "S3: step 1 was left"),
    _mutant("fence: only on the object and the spec that were seen", removals.fence_tests(),
            "superseded overlap@write[weights shop=95]/12", "S4: the candidate's weight rose"),
    _mutant("tests of values: only from the pin that was seen", removals.effect_tests(effects.Pin, fenced=False),
            "bad-canary-share overlap@write[pin internal to 1]/25", "L1: at rest, and ['internal'] are pinned"),
    _mutant("tests of values: only the request that was answered goes", removals.effect_tests(effects.RemoveRequest),
            "promoted slow@write[PATCH releases/shop]/12", "L1: not at rest"),
    _mutant("create: what a deposed leader makes is taken back", removals.lasting_create,
            "superseded overlap@write[create ReplicaSet 2]/25", "sets: "),
    _mutant("deletion: only of what a live look shows to be the same", removals.blind_deletion, "replaced",
            "S5: p1 has written ReplicaSet"),
    _mutant("elector: the fence falls by the clock", removals.late_fence,
            "superseded overlap@write[create ReplicaSet 2]/25", "S5: "),
    _mutant("second lever: the candidate's Service where the route cannot be written", removals.no_second_lever,
            "bad-canary-route route-refused@second2/20", "L2: the route cannot be written"),
    _mutant("views: what a list no longer has is gone", removals.ghosts,
            "bad-canary-share 410@event[DELETED ReplicaSet]", "L1: not at rest"),
    # requests
    _mutant("request: answered once", removals.answered_again, "paused crash-before@write[PATCH releases/shop]", "requests: "),
    _mutant("request: another moment is another request", removals.request_by_value, "paused-twice", "L1: not at rest"),
    # gates
    _mutant("window: enters a gate once", removals.old_windows, "restless", "S10: gate errors counted"),
    _mutant("evidence: newer than the step", removals.old_evidence, "hasty", "S3: step 1 was left"),
    _mutant("evidence: of this trial", removals.answers_for_ever, "fixed", "L1: not at rest"),
    _mutant("evidence: NaN is no number", removals.numbers_only_by_name, "canary-share nan@second1/20", "S3: step 1 was left"),
    _mutant("evidence: no answer is no Pass", removals.silence_is_consent,
            "canary-share no-samples@second1/20", "S3: step 1 was left"),
    _mutant("gates: the next step needs a Pass", _ALWAYS_PASSED, "canary-share no-samples@second1/20", "S3: step 1 was left"),
    _mutant("gates: a Fail takes the trial back", check(progress.gate_failed), "bad-canary-share", "S4: gate errors has failed"),
    _mutant("gates: a rejected template does not start again", _NOT_REJECTED, "bad-canary-share", "S4: rejected"),
    _mutant("job: no Pass before its end", removals.hasty_job, "job", "S3: step 0 was left"),
    _mutant("jobs: none is left of a trial that is over", stage(jobs.no_jobs), "job", "L1: at rest, and Jobs are left"),
    _mutant("job: a deposed leader's goes once its trial is over", removals.lasting_create,
            "job overlap@write[create Job smoke of step 2]/25", "L1: at rest, and Jobs are left"),
    _mutant("webhook: wait is no Pass", removals.hasty_webhook, "webhook", "S3: step 0 was left"),
    _mutant("contract: what breaks is no Pass", removals.lenient_contract, "bad-contract", "S3: step 0 was left"),
    _mutant("migrations: all have run before there is a candidate", stage(migrations.expanded), "migrated",
            "S3: the candidate was made"),
    _mutant("alert: taken once what it led to is committed", removals.careless_inbox,
            "alerted crash-before@write[phase RollingBack]", "L1: not at rest"),
    _mutant("step: its duration", removals.hasty_step, "canary-share", "S3: step 1 lasted"),
    _mutant("step: the deadline of its pods", check(progress.deadline), "never-ready", "L1: not at rest"),
    _mutant("step: a rehearsal ends when its users are seen to be back", removals.attribute(progress, "RETURN", ""),
            "rehearsed", "S2: a rehearsal was left"),
    _mutant("stable: a short outage is no loss", _NO_PATIENCE, "canary-share node-lost@second3", "history: "),
    # the hold and the wheel
    _mutant("hold: believed only when a probe was held", removals.held_for_sure,
            "canary-share policy-gone@second2/10", "S5: no policy holds changes"),
    _mutant("hold: no trial without it", check(lifecycle.policy_missing),
            "canary-share policy-gone@second2/10", "S5: no policy holds changes"),
    _mutant("wheel: before the second active ReplicaSet", stage(workload_stages.wheel), "canary-share", "S5: shop-1-"),
    _mutant("wheel: no active ReplicaSet has desired-replicas", stage(workload_stages.marks), "reverted", "S5: "),
    _mutant("unpause: not with a rejected template", removals.resumed_rejected, "bad-canary-share", "L1: not at rest"),
    _mutant("unpause: only in the generation that was decided on", removals.effect_tests(effects.GiveBack, fenced=False),
            "late-template", "history: "),
    _mutant("letting go: only in the generation that was decided on", removals.effect_tests(effects.Unclaim, fenced=False),
            "deleted-and-reverted", "deployment: "),
    _mutant("sweep: Kubernetes finds none to take for its own", stage(workload_stages.sweep), "rollback-cold", "L1: at rest, ["),
    _mutant("swept: nor when a held Deployment is scaled from 0", stage(workload_stages.swept),
            "rejected-and-scaled", "S5: "),
    _mutant("hand over: an autoscaler's pent-up decreases", stage(workload_stages.hand_over), "autoscaled", "deployment: "),
    # the order of effects
    _mutant("forward: pins before the candidate", stage(traffic_stages.shut), "blue-green", "S2: Service shop has"),
    _mutant("forward: capacity before traffic", stage(workload_stages.ready), "canary-share", "S1: all users are sent to 1 of 3"),
    _mutant("forward: the candidate's Service before the weight", stage(traffic_stages.candidate_service),
            "canary-route", "L1: not at rest"),
    _mutant("forward: a backend enters the route without a share", _BY_ITS_SHARE,
            "canary-route", "L1: still busy"),
    _mutant("forward: it gets one once the gateway has accepted that", _NEVER_UNACCEPTED,
            "blue-green-route", "S2: weight 100 before the gateway has accepted"),
    _mutant("rest: a backend leaves the route without a share", removals.restored_at_once,
            "canary-route", "S2: a backend went out with weight 100"),
    _mutant("rest: it leaves once the gateway has accepted that", _IMPATIENT,
            "canary-route", "S2: a backend went out unaccepted"),
    _mutant("completion: traffic moves before pods go", _EARLY_SHRINK, "canary-route", "S2: shop-"),
    _mutant("backward: pins before pods go", _LATE_PINS, "bad-canary-share", "S2: shop-1-"),
    _mutant("backward: stable at full size before its traffic is whole", stage(workload_stages.capacity),
            "rollback-and-scaled", "L1: not at rest"),
    _mutant("backward: the weight before pods go", _LATE_WEIGHT, "rollback-in-flight", "L1: not at rest"),
    _mutant("backward: connections drain", stage(traffic_stages.drained), "bad-canary-route", "S2: shop-1-"),
    _mutant("rest: Services are unpinned before the wheel goes back", stage(traffic_stages.unpin), "blue-green", "S5: ["),
    _mutant("rest: the route is its owner's", stage(traffic_stages.route_restored), "canary-route", "L1: at rest, and the route"),
    _mutant("rest: no Service of the candidate's", stage(traffic_stages.no_candidate_service),
            "canary-route", "L1: at rest, and the candidate's Service"),
    _mutant("forward: a flag after its share of the traffic", _EARLY_FLAG, "flagged", "S2: flag early went on before its share"),
    _mutant("backward: a flag before all else", removals.attribute(flags, "off", lambda _: []),
            "flagged-back", "S2: users were moved before flag early is off"),
    _mutant("keep: the way back survives the history limit", stage(workload_stages.keep), "blue-green", "S6: "),
    # what people do
    _mutant("finalizer: a deletion leaves something to undo", stage(workload_stages.finalizer), "deleted-in-flight", "sets: "),
    _mutant("deletion: takes the trial back", check(lifecycle.release_deleted), "deleted-in-flight", "deployment: "),
    _mutant("recreation: another uid is another Deployment", check(lifecycle.workload_recreated), "recreated", "L1: not at rest"),
    _mutant("template: a trial is of the template that is there", check(progress.template_left), "reverted", "history: "),
    _mutant("shown: kubectl rollout status sees a rejection", stage(workload_stages.shown), "bad-canary-share", "deployment: "),
)  # fmt: skip
"""In the order of docs/mutants.md."""


def numbered(story: str, plan: str) -> str:
    """The plan with numbers in the place of what is in brackets, as the fault-free story has them now."""
    found = _ABOUT.search(plan)
    if found is None:
        return plan
    told = (STORIES | POINTED)[story]
    world = Telling(replace(told, elected=plan.startswith("overlap")))
    world.run()
    about = found[1]
    return _ABOUT.sub(str(next(number for text, number in world.told if text.startswith(about))), plan)


class Telling(World):
    """A run that notes at which write, or as which notification, something was told."""

    def __init__(self, story: Story) -> None:
        self.told: list[tuple[str, int]] = []
        super().__init__(story)

    def note(self, line: str) -> None:
        """See World.note; without the process that wrote."""
        self.told.append((line.removeprefix("p1 "), len(self.writes)))
        super().note(line)

    def notified(self, view: Following, event: Object) -> bool:
        """See World.notified."""
        kept = super().notified(view, event)
        about = event["object"]
        self.told.append((f"{event['type']} {about['kind']} {about['metadata'].get('generation', '')}", self.events))
        return kept

    def run(self) -> World:
        """See World.run; writes of which nothing is told come last, by their call."""
        super().run()
        silent = [w for w in self.writes if not w.changes]
        self.told += [(f"{w.call.partition(' ')[0]} {'/'.join(w.call.split('/')[-2:])}", w.number) for w in silent]
        return self


def table() -> list[str]:
    """The rows of docs/mutants.md."""
    return [f"| {m.name} | `{' '.join((m.story, m.plan)).strip()}` | {m.shows.rstrip(': [')} |" for m in MUTANTS]
