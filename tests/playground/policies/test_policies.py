"""The built-in effects by themselves: their words are the chart's, they are stable under repetition, they act while installed.

What they do to each writer is proved in tests/conformance/policies, on the chart's own policies too.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.apiserver.admission import Attempt
from playground.apiserver.requests import User
from playground.apiserver.store import Store
from playground.installing import resource_of
from playground.policies import hold, hold_guard, hold_notice, pin, pin_notice, release_writers, train_writers
from playground.policies.installation import DENYING, MUTATING, WARNING, Installation, objects
from playground.policies.plugin import DENIALS, MUTATIONS, WARNINGS, Policies
from playground.policies.write import DRIVEN, HASH, HELD, KEPT_BACK, OVERRIDE, PIN, PREFIX, RELEASE, STRATEGY, Object, Write

TEMPLATES = Path(__file__).parents[3] / "charts" / "release-coordinator" / "templates" / "policies"
LIMITS = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "30%", "maxUnavailable": 0}}
RECREATE = {"type": "Recreate"}
OURS = "system:serviceaccount:release-coordinator:release-coordinator"


def deployment(
    labels: dict[str, str] | None = None, *, template: str = "1", paused: bool = False, strategy: Object | None = None
) -> Object:
    """A Deployment."""
    spec = {"template": {"image": template}, "strategy": strategy or LIMITS, **({"paused": True} if paused else {})}
    return {"metadata": {"name": "N", **({"labels": labels} if labels else {})}, "spec": spec}


def service(selector: dict[str, str], labels: dict[str, str]) -> Object:
    """A Service."""
    return {"metadata": {"name": "N", "labels": labels}, "spec": {"selector": selector}}


def write(old: Object | None, new: Object, **changes: Any) -> Write:
    """A write by a stranger, with placeholders that no message contains by itself."""
    given_: dict[str, Any] = {
        "object": new, "old": old, "namespace": "§", "name": "§", "user": "§", "ours": False, "breaks_glass": False,
        "break_glass_group": "§",
        "field_manager": "", "may": lambda _verb, _resource, _name: False, **changes,
    }  # fmt: skip
    return Write(**given_)


HELD_ONE = deployment({RELEASE: "§", HELD: "true", DRIVEN: "true"}, paused=True, strategy=RECREATE)
WRONG = deployment({RELEASE: "§", KEPT_BACK: "paused-strategy", HELD: "§"}, template="2")
SPEC = {"workloadRef": {"name": "§"}, "traffic": {"httpRoute": {"name": "§"}, "traefikService": {"name": "§"}}}
ASKED = {"metadata": {"name": "§", "annotations": {f"{PREFIX}§": ""}},
         "spec": SPEC | {"gates": [{"job": {}}], "flags": [{"source": {"configMap": "§"}}, {"source": {"featureFlag": "§"}}]}}
OVERRIDDEN = {**ASKED, "metadata": {"name": "§", "annotations": {f"{PREFIX}§": "", OVERRIDE: "it burns"}}}
SAID = {
    "hold-guard": [*hold_guard.refusals(write(HELD_ONE, deployment(paused=True), breaks_glass=True), "§"),
                   *hold_guard.refusals(write(HELD_ONE, HELD_ONE, field_manager="kubectl-rollout"), "§"),
                   *hold_guard.refusals(write(HELD_ONE, WRONG), "§")],
    "hold-notice": list(hold_notice.notices(write(HELD_ONE, WRONG))),
    "pin-notice": list(pin_notice.notices(write(service({}, {PIN: "§"}), service({}, {})))),
    "train-writers": [said.replace(f"{PREFIX}§", "§") for said in train_writers.refusals(write(None, ASKED))],
    "release-writers": [said.replace(f"{PREFIX}§", "§") for said in release_writers.refusals(write(None, OVERRIDDEN))],
}  # fmt: skip


_TOKEN = re.compile(r"'((?:[^'\\]|\\.)*)'|\{\{.*?\}\}|[\w.]+(?:\[[^\]]*\])?")
_VARIABLE = re.compile(r"- name: (\w+)\s+expression: (.*?)(?=\n *(?:- name|validations:|#|\{\{))", re.DOTALL)
_MESSAGE = re.compile(r"messageExpression: (.*?)\n +message:", re.DOTALL)


def worded(expression: str, variables: dict[str, str]) -> str:
    """The sentence that a CEL concatenation makes, with § for what is only known at the time."""
    said = ""
    for token in _TOKEN.finditer(expression):
        definition = variables.get(token[0].removeprefix("variables."), "?")
        known = "§" if "?" in definition else worded(definition, variables)
        said += known if token[1] is None else token[1].replace("\\'", "'")
    return said


@pytest.mark.parametrize("policy", SAID)
def test_what_users_are_told_stands_in_the_chart_word_for_word(policy: str) -> None:
    """Every message of the policy, in its order, as its template composes it."""
    file = TEMPLATES / ("pin.yaml" if policy == "pin-notice" else f"{policy}.yaml")
    text = file.read_text(encoding="utf-8")
    variables = {name: found.removeprefix(">-").strip().strip('"') for name, found in _VARIABLE.findall(text)}
    expressions = [found.removeprefix(">-") for found in _MESSAGE.findall(text)]
    assert [worded(expression, variables) for expression in expressions] == SAID[policy]


def test_every_effect_has_its_objects_and_the_chart_has_no_other() -> None:
    """A policy and a binding each, named as the chart names them."""
    names = {path.stem for path in TEMPLATES.glob("*.yaml")} | {"pin-notice"}  # Which stands in pin.yaml.
    assert {*MUTATIONS, *DENIALS, *WARNINGS} == {*MUTATING, *DENYING, *WARNING} == names
    made = objects(Installation(name="x"))
    assert {o["metadata"]["name"] for o in made if o["kind"].endswith("Policy")} == {f"x-{name}" for name in names}
    assert {o["spec"]["policyName"] for o in made if o["kind"].endswith("Binding")} == {f"x-{name}" for name in names}


marks = st.fixed_dictionaries(
    {}, optional={RELEASE: st.sampled_from("ab"), HELD: st.just("true"), DRIVEN: st.just("true"), KEPT_BACK: st.just("paused")}
)
deployments = st.builds(
    deployment, marks, template=st.sampled_from("12"), paused=st.booleans(), strategy=st.sampled_from([LIMITS, RECREATE])
)


@given(deployments, deployments, st.booleans(), st.booleans())
def test_a_second_run_of_hold_changes_nothing(old: Object, new: Object, ours: bool, member: bool) -> None:
    """The API server asks again after another plug-in has changed something."""
    old["metadata"]["annotations"] = {STRATEGY: '{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"30%","maxUnavailable":0}}'}
    once = hold.mutate(write(old, new, ours=ours, breaks_glass=member))
    assert hold.mutate(write(old, once, ours=ours, breaks_glass=member)) == once


@given(deployments, deployments)
def test_nobody_else_gets_past_hold(old: Object, new: Object) -> None:
    """Marks stay as they are but for `held` on a changed template, a held one stays paused; the guard has nothing to refuse."""
    after = hold.mutate(write(old, new))
    before, labels = old["metadata"].get("labels", {}), after["metadata"].get("labels", {})
    changed = RELEASE in before and old["spec"]["template"] != new["spec"]["template"]
    assert {k: labels.get(k) for k in (RELEASE, DRIVEN)} == {k: before.get(k) for k in (RELEASE, DRIVEN)}
    assert labels.get(HELD) == ("true" if changed else before.get(HELD))
    assert after["spec"].get("paused") or not (changed or HELD in before)
    assert list(hold_guard.refusals(write(old, after), "hold")) == []


@given(st.dictionaries(st.sampled_from(["app", HASH]), st.sampled_from("ab")), st.booleans())
def test_a_second_run_of_pin_changes_nothing(selector: dict[str, str], labelled: bool) -> None:
    """As for hold."""
    old = service({"app": "a", HASH: "h"}, {PIN: "h"})
    once = pin.mutate(write(old, service(selector, {PIN: "x"} if labelled else {})))
    assert pin.mutate(write(old, once)) == once


def attempt(user: User, new: Object, namespace: str = "shop") -> Attempt:
    """A change of a labelled Deployment's template."""
    old = deployment({RELEASE: "N"})
    return Attempt(operation="UPDATE", resource="deployments.apps", namespace=namespace, name="N", object=new, old=old, user=user,
                   authorized=lambda _verb, _resource, _name: True)  # fmt: skip


def policies(made: list[Object]) -> Policies:
    """The plug-in over these objects."""
    store = Store()
    for policy in made:
        plural, _, group = resource_of(policy).partition(".")
        store.put(store.collection(group, plural), policy)
    return Policies(store)


def test_a_policy_acts_while_it_and_its_binding_exist() -> None:
    """Hold missing: the guard refuses. Guard missing as well: the change passes. Both of one policy are needed."""
    made, alice = objects(Installation()), User(name="alice")
    new = deployment({RELEASE: "N"}, template="2")
    held = policies(made).mutate(attempt(alice, new))
    assert held is not None and held["spec"]["paused"]
    for kind in ("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"):
        left = [o for o in made if (o["kind"], o["metadata"]["name"]) != (kind, "release-coordinator-hold")]
        assert policies(left).mutate(attempt(alice, new)) is None
        denial = policies(left).validate(attempt(alice, new))
        assert denial is not None and (denial.code, denial.reason) == (403, "Forbidden")
        assert denial.message.startswith("ValidatingAdmissionPolicy 'release-coordinator-hold-guard' with binding '")
        assert "the policy release-coordinator-hold is missing" in denial.message
    assert policies([]).validate(attempt(alice, new)) is None


def test_two_installations_keep_to_their_namespaces_and_accounts() -> None:
    """Each knows its own controller, and what it watches."""
    here = Installation(name="here", namespace="here", service_account="c", watch_namespaces=("shop",))
    there = Installation(name="there", namespace="there", service_account="c", watch_namespaces=("other",))
    both = policies([*objects(here), *objects(there)])
    wanted = deployment({RELEASE: "N", DRIVEN: "true"})
    mine = both.mutate(attempt(User(name="system:serviceaccount:here:c"), wanted))
    assert mine == wanted
    foreign = both.mutate(attempt(User(name="system:serviceaccount:there:c"), wanted))
    assert foreign is not None and DRIVEN not in foreign["metadata"]["labels"]
    assert both.mutate(attempt(User(name=OURS), wanted, namespace="elsewhere")) is None


def test_a_denied_write_still_says_what_there_is_to_warn_of() -> None:
    """Warnings go with the answer, whichever it is."""
    warned = attempt(User(name="alice"), deployment({RELEASE: "N"}, template="2", paused=True))
    assert policies(objects(Installation())).validate(warned) is None
    (warning,) = warned.warnings
    assert warning.startswith("Validation failed for ValidatingAdmissionPolicy 'release-coordinator-hold-notice' with binding '")
