"""`explain`: the controller's own checks, on what the user may see."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.cli.advice import PHASES, REASONS, advice
from controller.cli.asked import asked
from controller.cli.explain import _flags
from controller.cli.saw import SAW
from controller.cli.snapshot import Snapshot
from strategies.analysis.counts import Counts, Window
from strategies.analysis.verdict import Sample, Unknown, window_key
from strategies.rollout.checks import CHECKS
from strategies.rollout.decide import decide
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Status
from tests.cli.conftest import CANARY, Run
from tests.cli.double import Double
from tests.rollout.stories import FLAG, ROUTED, at_step, in_phase
from tests.rollout.world import World, healthy, make_spec


def _still(_: World) -> None:
    """Nothing happens."""


def _superseded(world: World) -> None:
    world.apply("v3")


def _paused(world: World) -> None:
    world.ask("pause")


def _rolled_back(world: World) -> None:
    world.apply("v3")
    world.broken.add("v3")
    world.run()


def _baking(world: World) -> None:
    world.run(in_phase(Phase.BAKING))


def _at_rest(world: World) -> None:
    world.run()


def _held(world: World) -> None:
    world.run()
    world.apply("v3")


@pytest.mark.parametrize("act", [_still, _superseded, _paused, _rolled_back, _baking, _at_rest, _held])
def test_the_checks_are_those_of_the_controller(cluster: Double, run: Run, act: Callable[[World], None]) -> None:
    """In every situation the same checks hold, and the same is decided or done, as in the controller's turn."""
    cluster.change(act)
    world = cluster.world
    turn = decide(world.spec, world.observe(), world.status, world.now)
    said = json.loads(run("explain", "shop", "-o", "json").out)
    assert [(c["check"], c["held"]) for c in said["checks"]] == [(c.name, c.held) for c in turn.trace]
    assert all(c["saw"] for c in said["checks"])
    assert not said["unread"]
    decides = next((f"decides: {c.decided}" for c in turn.trace if not c.held), None)
    does = f"does next: {', '.join(e.kind() for e in turn.effects)}" if turn.effects else None
    # A trial that would begin is named after the template's digest, which is another in the model world.
    assert said["next"].partition(" of revision")[0] == (decides or does or said["next"]).partition(" of revision")[0]


def test_people_read_checks_gates_requests_and_what_they_can_type(cluster: Double, run: Run) -> None:
    """Each section is there, and each command names the Release and its namespace."""
    run("pause", "shop", "--because", "lunch")
    said = run("explain", "shop")
    assert said.code == 0
    assert said.out.startswith("prod/shop is Paused (PauseRequested). Paused by alice: lunch.")
    for words in ("✓ the Deployment exists", "shop: 4 pods wanted, 5 ready", "✓ there are replicas", "Conditions:",
                  "waits at this step: it is paused", "GatesHealthy",
                  "Risk High, goes out as Canary (recommended: BlueGreen); red flags: NoFlag, NoMonitoring, ",
                  "pods   Pass      all 1 pods ready",
                  "pause=lunch   alice", "What you can do:", "releasectl resume shop -n prod",
                  "releasectl abort shop -n prod"):  # fmt: skip
        assert words in said.out


def test_how_the_release_before_ended_is_told(rejected: World, cluster: Double, run: Run) -> None:
    """With its reason, and the ways out of a rejection."""
    said = run("explain", "shop").out
    assert "The release before:\n  Release of 3.0.0 (" in said
    assert "ended Rejected" in said
    assert "✓ no new template waits" in said and "it has a rejected template" in said
    assert "releasectl retry shop -n prod" in said


@pytest.mark.parametrize(("refused", "words"), [
    ("list pods", None), ("get deployments", "the Deployment exists"), ("list replicasets", "there are replicas"),
    ("list services", None), ("list controllerrevisions", None), ("list horizontalpodautoscalers", None),
])  # fmt: skip
def test_what_may_not_be_read_is_said_and_unknown(cluster: Double, run: Run, refused: str, words: str | None) -> None:
    """One missing right takes nothing else away, and no wrong conclusion is drawn from it."""
    cluster.world.broken.add("v2")
    cluster.refused = {refused}
    said = json.loads(run("explain", "shop", "-o", "json").out)
    assert said["unread"] == [f"you may not {refused} in prod"]
    assert len(said["checks"]) > 5
    if words is not None:
        assert any(c["check"] == words for c in said["checks"])
    assert "RolledBack" not in said["next"]


def test_somebody_who_may_only_look_is_not_told_that_the_hold_is_broken(cluster: Double, run: Run) -> None:
    """Without the right to try it, the condition in the status says whether changes are held."""
    cluster.change(_held)
    cluster.refused = {"patch deployments"}
    said = json.loads(run("explain", "shop", "-o", "json").out)
    assert said["unread"] == ["you may not patch deployments in prod (a dry run, which would tell whether changes are held)"]
    assert said["next"].startswith("decides: Progressing/Started")


@pytest.mark.parametrize("refused", [set(), {"list metricsources"}])
def test_a_gate_without_a_source_is_explained_to_everybody(cluster: Double, run: Run, refused: set[str]) -> None:
    """Whoever may not list MetricSources is told what the controller has said of them."""
    gate = {"name": "errors", "threshold": {"query": "errors", "max": 1, "source": "none"}}
    cluster.spec = {**cluster.spec, "gates": [gate]}
    problem = {"errors": "MetricSource none does not exist; see `kubectl get metricsources`."}

    def block(world: World) -> None:
        world.run()
        world.gate_problems = problem
        world.apply("v3")
        world.run()

    cluster.change(block)
    cluster.refused = refused
    said = json.loads(run("explain", "shop", "-o", "json").out)
    assert (said["phase"], said["reason"]) == ("Blocked", "GateUnusable")
    assert said["next"] == f"waits: spec.gates[errors]: {problem['errors']}"
    assert "it has a new template, which is blocked" in [c["saw"] for c in said["checks"]]
    assert said["commands"][0]["command"] == "kubectl get metricsources"


def test_nothing_is_written(cluster: Double, run: Run) -> None:
    """But for the dry run, every call is a read."""
    before = cluster.release()
    run("explain", "shop")
    assert cluster.release() == before


def test_an_invalid_spec_is_explained(cluster: Double, run: Run) -> None:
    """The field and the problem, in the line of the check."""
    cluster.spec = {**cluster.spec, "strategy": {"type": "Sideways"}}
    said = run("explain", "shop").out
    assert "the spec can be carried out" in said
    assert "spec.strategy.type: Input should be" in said


def test_every_check_has_its_words() -> None:
    """A check without them could not be explained."""
    assert set(SAW) == {check for check, _ in CHECKS}


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("reason", [Reason.AT_REST, *REASONS])
def test_every_situation_has_advice(phase: Phase, reason: Reason) -> None:
    """Commands are complete: nothing is left to be filled in but what only a person knows."""
    given = advice(Status(phase=phase, reason=reason), "prod", "shop", "web")
    assert set(PHASES) == set(Phase)
    assert given
    for line in given:
        assert line.effect
        assert "{" not in line.command or "revisionHistoryLimit" in line.command
        assert line.command.split()[0] in ("kubectl", "releasectl", "helm")


def test_of_gates_that_compare_it_is_told_what_was_asked_and_what_would_change_the_verdict(cluster: Double, run: Run) -> None:
    """What came back, and how far the evidence is, as a small drawing."""
    ratio = {"bad": 'x_total{code="5"}', "total": "x_total", "interval": "10s", "delay": "5s"}
    latency = {"histogram": "x_bucket", "threshold": 0.3, "hashLabel": "hash"}
    wanted = [{"name": "errors", "ratio": ratio}, {"name": "slow", "latency": latency}]
    cluster.spec = {**cluster.spec, "gates": wanted}

    def count(world: World) -> None:
        world.spec = make_spec(**CANARY, gates=wanted)
        keys = (window_key(world.now + timedelta(seconds=10 * n)) for n in range(2, 5))
        sides = {"candidate": Counts.of(bad=12, total=200), "stable": Counts.of(bad=16, total=800)}
        windows = tuple(Window(key=key, **sides) for key in keys)
        decision = decide(world.spec, replace(world.observe(), windows={"errors": windows}), world.status, world.now)
        world.status = decision.status

    cluster.change(count)
    said = run("explain", "shop").out
    for words in (
        'errors   asked     MetricSource default: bad x_total{code="5"}, all x_total; windows of 10s, read 5s after their end',
        "against shop-kv1-…, by label pod",
        "counted   3 windows with requests, 3 of this step, the last 0s ago: candidate 36 of 600 bad (6 %)",
        "at least 1.3 times worse (99% sure at any time)",
        "against   █████████████████░░░ 82 of 200",
        "before    ▂▄▇ the evidence against after each of the last 3 windows",
        "for       ░░░░░░░░░░░░░░░░░░░░ 0.02 of 20",
        "changes   Fail at 200 against; Pass after 3 windows of the step while below 10; certified (less than 2 times as bad) ",
        "slow     asked     MetricSource default: x_bucket, bad above 0.3; windows of 15s, read 35s after their end",
        "against kv1, by label hash",
        "changes   windows with requests on all sides",
    ):
        assert words in said


def test_of_every_other_gate_it_is_told_what_came_back_and_what_would_change_the_verdict(cluster: Double, run: Run) -> None:
    """A threshold with its last values, a Job by its name, a webhook by its key; as text and as data."""
    template = {"spec": {"containers": [{"name": "smoke", "image": "smoke:1"}]}}
    wanted = [
        {"name": "errors", "threshold": {"query": "sum(errors)", "max": 0.05, "interval": "10s", "failures": 3}},
        {"name": "smoke", "job": {"template": template, "timeout": "5m"}},
        {"name": "qa", "webhook": {"url": "https://qa.example.com/gate"}},
    ]
    cluster.spec = {**cluster.spec, "gates": wanted}

    def answer(world: World) -> None:
        world.spec = make_spec(**CANARY, gates=wanted)
        moments = [world.now + timedelta(seconds=10 * n) for n in range(1, 5)]
        values = (0.01, 0.02, 0.04, 0.08)
        samples = tuple(Sample(value=v, at=at, key=window_key(at)) for v, at in zip(values, moments, strict=True))
        seen = replace(world.observe(), samples={"errors": samples})
        world.status = decide(world.spec, seen, world.status, world.now).status

    cluster.change(answer)
    said = run("explain", "shop").out
    hash_ = cluster.world.status.trial.candidate.hash  # type: ignore[union-attr]
    for words in (
        "errors   asked      MetricSource default, every 10s: sum(errors)",
        "answered   0.08, 0s ago; max 0.05",
        "before     ▁▂▄█ from 0.01 to 0.08, oldest first",
        "changes    Fail after 2 more bad values in a row; Pass with a good one of this step",
        f"smoke    asked      Job smoke-{hash_}-1, 5m at most, 0 retries: `kubectl logs job/smoke-{hash_}-1`",
        "its end: exit 0 is Pass, another one Fail; when the time is over the release waits for a person",
        "qa       asked      POST https://qa.example.com/gate, 10s at most, under the key ",
        "the answer pass or fail; after `wait` it is asked again in 10s",
    ):
        assert words in said
    document = json.loads(run("explain", "shop", "-o", "json").out)
    assert {line["gate"] for line in document["asked"]} == {"errors", "smoke", "qa"}
    assert document["gates"][1]["recent"] == [0.01, 0.02, 0.04, 0.08]


def test_of_a_gate_from_a_template_it_is_told_which_and_what_it_asks(cluster: Double, run: Run) -> None:
    """With its arguments; and where the user may not see templates, that is said and nothing else is concluded."""
    question = {"bad": 'x_total{job="$job",code="5"}', "total": 'x_total{job="$job"}'}
    named = {"kind": "ClusterGateTemplate", "name": "shop-errors", "arguments": {"job": "shop"}}
    cluster.spec = {**cluster.spec, "gates": [{"name": "errors", "template": named}]}
    cluster.others["clustergatetemplates"] = [{"metadata": {"name": "shop-errors", "uid": "u", "resourceVersion": "1"},
                                               "spec": {"parameters": [{"name": "job"}], "ratio": question}}]  # fmt: skip

    def count(world: World) -> None:
        filled = {"name": "errors", "ratio": {each: text.replace("$job", "shop") for each, text in question.items()}}
        world.spec = make_spec(**CANARY, gates=[filled])
        world.status = decide(world.spec, world.observe(), world.status, world.now).status

    cluster.change(count)
    said = run("explain", "shop").out
    assert "errors   ClusterGateTemplate shop-errors: job=shop" in said
    assert 'errors   asked     MetricSource default: bad x_total{job="shop",code="5"}, all x_total{job="shop"}; windows' in said
    cluster.refused = {"list clustergatetemplates"}
    seen = json.loads(run("explain", "shop", "-o", "json").out)
    assert seen["templates"] == {"errors": "ClusterGateTemplate shop-errors: job=shop"}
    assert seen["unread"] == ["you may not list clustergatetemplates"]


def test_flags_are_told_with_what_is_wanted_and_what_is_there() -> None:
    """One that is on, one that waits for its share, and one that cannot be read."""
    world = healthy(make_spec(**ROUTED, **FLAG), flags={"new": "off", "late": "off"})
    world.apply("v2")
    world.run(at_step(2))
    made = Snapshot(release={}, spec=world.spec, status=world.status, observation=world.observe(), now=world.now, unread=(),
                    templates=())  # fmt: skip
    assert _flags(made) == [("new", "ConfigMap flags", "on", "on"), ("late", "FeatureFlag shop", "on at 100%", "off")]
    unread = Unknown(reason="NotRead", message="you may not list configmaps")
    lost = dict.fromkeys(made.observation.flags, unread)
    assert [line[3] for line in _flags(replace(made, observation=replace(made.observation, flags=lost)))] == [unread.message] * 2


def test_of_a_contract_it_is_told_whose_documents_are_compared() -> None:
    """Both revisions' pods, and what would settle it."""
    gate = {"name": "api", "at": ["before-traffic"], "contract": {"path": "/v3", "port": 9000}}
    world = healthy(make_spec(strategy={"type": "BlueGreen", "blueGreen": {"previewDuration": "10m"}}, gates=[gate]))
    world.apply("v2")
    world.run(at_step(0))
    world.turn()
    trial, stable = world.status.trial, world.status.stable
    assert world.spec is not None
    assert trial is not None
    assert stable is not None
    sides = f"{trial.candidate.replica_set} against {stable.replica_set}"
    assert list(asked(world.spec, world.status, world.now)) == [
        ("api", "asked", f"GET /v3 at port 9000 of a pod of {sides}, compared by oasdiff"),
        ("api", "changes", "both documents: what breaks is Fail, unless it is accepted or the version says so"),
    ]  # fmt: skip
