"""A template in the cluster: what its Releases ask now, and what they say when it is missing, wrong, changed or gone."""

import copy
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from controller.reconcile import templates
from controller.reconcile.cluster import Cluster
from controller.reconcile.memory import Memory
from strategies.analysis.verdict import Sample, Verdict
from strategies.rollout import gates
from strategies.rollout.turn import Turn
from strategies.spec.gate import Gate, TemplateKind
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Evidence
from tests.rollout.test_comparing import at_first_step, good, judged, look
from tests.rollout.world import World
from tests.templates.test_filling import ERRORS

Object = dict[str, Any]
CLUSTER, OWN = TemplateKind.CLUSTER_GATE_TEMPLATE, TemplateKind.GATE_TEMPLATE
SPEC = ReleaseSpec.model_validate({"workloadRef": {"name": "web"}, "gates": [
    {"name": "errors", "template": {"kind": CLUSTER, "name": "errors", "arguments": {"job": "a"}}},
    {"name": "pods", "threshold": {"query": "up", "max": 1}},
]})  # fmt: skip


@dataclass
class View:
    """Templates of one kind, by namespace and name."""

    has: dict[tuple[str, str], Object] = field(default_factory=dict)
    synced: bool = True

    def get(self, namespace: str, name: str) -> Object | None:
        """One of them."""
        return self.has.get((namespace, name))


class Double:
    """A cluster as far as templates are looked up in it."""

    def __init__(self) -> None:
        self.templates = {CLUSTER: View(), OWN: View()}
        self.version = 0

    def put(self, spec: Object, kind: TemplateKind = CLUSTER, namespace: str = "") -> None:
        """Make one, or change it."""
        self.version += 1
        made = {"metadata": {"uid": "u", "resourceVersion": str(self.version)}, "spec": spec}
        self.templates[kind].has[namespace, "errors"] = made

    def filled(self, memory: Memory, spec: ReleaseSpec = SPEC) -> tuple[ReleaseSpec, str]:
        """The spec, and the problem of its gate."""
        made, problems = templates.filled(cast("Cluster", self), spec, "shop", memory)
        assert set(problems) <= {"errors"}
        return made, problems.get("errors", "")


def test_a_template_is_filled_once_and_again_when_it_changes() -> None:
    """Reading parses queries; a turn that finds the same template does not."""
    cluster, memory = Double(), Memory(uid="u")
    cluster.put(ERRORS)
    first, problem = cluster.filled(memory)
    assert problem == "" and first.gates[0].ratio is not None and first.gates[1] == SPEC.gates[1]
    assert cluster.filled(memory)[0] is first
    cluster.put({**ERRORS, "ratio": {**ERRORS["ratio"], "clump": 4}})
    second, _ = cluster.filled(memory)
    assert second.gates[0].ratio is not None and second.gates[0].ratio.clump == 4
    assert templates.questions(second) != templates.questions(first)


def _own(spec: ReleaseSpec) -> ReleaseSpec:
    named = spec.gates[0].model_dump(by_alias=True, exclude_none=True)
    named["template"]["kind"] = OWN
    return spec.model_copy(update={"gates": (Gate.model_validate(named),)})


def test_what_is_wrong_is_said_with_the_remedy() -> None:
    """Missing, of the other kind, invalid, not listed yet: the gate stays as it is, and others are not touched."""
    cluster = Double()
    spec, said = cluster.filled(Memory(uid="u"))
    assert spec.gates == SPEC.gates
    assert said == ("template: ClusterGateTemplate errors does not exist; create it, or name one of "
                    "`kubectl get clustergatetemplates`.")  # fmt: skip
    _, said = cluster.filled(Memory(uid="u"), _own(SPEC))
    assert said == ("template: GateTemplate errors does not exist in namespace shop; create it, or name one of "
                    "`kubectl get gatetemplates -n shop`.")  # fmt: skip
    cluster.put(ERRORS)
    _, said = cluster.filled(Memory(uid="u"), _own(SPEC))
    assert said.endswith("but a ClusterGateTemplate of this name does: write kind: ClusterGateTemplate.")
    cluster.put(ERRORS, OWN, "other")
    assert "does not exist in namespace shop" in cluster.filled(Memory(uid="u"), _own(SPEC))[1]
    wrong = copy.deepcopy(ERRORS)
    wrong["parameters"][0]["name"] = "jub"
    cluster.put(wrong)
    _, said = cluster.filled(Memory(uid="u"))
    assert said.startswith('template: ClusterGateTemplate errors is invalid: spec.ratio.bad: job="$job": $job is no variable')
    assert said.endswith("correct it, or tell whoever runs it.")
    cluster.templates[CLUSTER] = View(synced=False)
    assert "could not be listed yet" in cluster.filled(Memory(uid="u"))[1]


def test_answers_to_another_question_are_no_evidence() -> None:
    """Neither those that came before the template changed, nor one that comes late; of other gates all are kept."""
    memory, sample = Memory(uid="u"), Sample(value=1, at=at_first_step().now, key="k")
    memory.attend(1, {"errors": "a", "pods": "p"})
    late = memory.asking("errors")
    for name in ("errors", "pods"):
        memory.answered(memory.asking(name), name, sample)
    memory.attend(1, {"pods": "p"})  # the template is gone: nothing else is asked
    assert set(memory.answers()) == {"errors", "pods"}
    memory.attend(1, {"errors": "b", "pods": "p"})
    memory.answered(late, "errors", sample)
    assert set(memory.answers()) == {"pods"}


def _with(world: World, **changes: Any) -> World:
    """The world with another question in its gate."""
    assert world.spec is not None
    gate = world.spec.gates[0].model_dump(by_alias=True, exclude_none=True)
    gate["ratio"] |= changes
    world.spec = world.spec.model_copy(update={"gates": (Gate.model_validate(gate),)})
    return world


def _committed(world: World, *numbers: int) -> Evidence:
    decision = look(world, good(world, *numbers))
    world.status = decision.status
    assert world.status.trial is not None
    return next(e for e in world.status.trial.gates if e.name == "errors")


def test_a_question_that_changes_begins_its_evidence_anew() -> None:
    """And one that stays goes on with what it has."""
    world = at_first_step()
    before = _committed(world, 1, 2, 3)
    assert before.test is not None and before.test.windows == 3
    same = judged(world, good(world, 4))
    assert same.test is not None and same.test.windows == 4
    changed = judged(_with(world, tolerance=2), good(world, 4))
    assert changed.test is not None and changed.test.windows == 1


@pytest.mark.parametrize("problem", ["template: GateTemplate errors does not exist in namespace shop; create it.", None])
def test_a_template_that_is_gone_makes_its_gate_wait_and_its_return_goes_on(problem: str | None) -> None:
    """Inconclusive with the reason; what was seen before is kept."""
    world = at_first_step()
    before = _committed(world, 1, 2, 3, 4)
    assert before.verdict is Verdict.PASS
    spec = world.spec
    named = Gate.model_validate({"name": "errors", "template": {"name": "errors"}})
    assert spec is not None
    world.spec = spec.model_copy(update={"gates": (named,)})
    observation = replace(world.observe(), gate_problems={"errors": problem} if problem else {})
    turn = Turn(spec=world.spec, status=world.status, observation=observation, now=world.now)
    gone = next(e for e in gates.fold(turn) if e.name == "errors")
    assert (gone.verdict, gone.reason) == (Verdict.INCONCLUSIVE, "TemplateUnusable")
    assert gone.message == f"{(problem or 'GateTemplate errors could not be read').rstrip('.')}; waits"
    assert gone.inconclusive_since == world.now
    assert gone.test == before.test
    assert world.status.trial is not None
    kept = tuple(gone if e.name == "errors" else e for e in world.status.trial.gates)
    world.status = world.status.model_copy(update={"trial": world.status.trial.model_copy(update={"gates": kept})})
    world.spec = spec
    back = judged(world, good(world, 5))
    assert back.verdict is Verdict.PASS and back.test is not None and back.test.windows == 5
