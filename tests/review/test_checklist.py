"""The checklist and the red flags: for each a change in which it is so, and one in which it is not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from strategies.review.contracts import Compared, accept
from strategies.review.plans import is_one_sentence
from strategies.spec.change import Acceptance, Contract
from strategies.spec.review import Check, Danger, Risk, State
from strategies.spec.status import Kind, Outcome
from tests.review.subjects import FEATURE, GATE, PLAN, PORT, TODAY, WENT_BACK, flags, item, migration, past, review, template

COSMETIC = {"kind": "Cosmetic"}
PATCH: dict[str, Any] = {"new": template("shop:2.3.2"), "versions": ("2.3.1", "2.3.2")}
BLUE_GREEN: dict[str, Any] = {"strategy": {"type": "BlueGreen"}, "rollback": {"plan": PLAN}}
GONE = template("shop:2.4.0", ports=[{"name": "admin", "containerPort": 9090}])
TWO_PORTS = template(ports=[PORT, {"name": "admin", "containerPort": 9090}])
LOCKED = {**FEATURE, "migrations": [migration(compatible=False)]}
UNDOABLE = {**FEATURE, "migrations": [migration(reversible=False)]}
SIGNED = {**FEATURE, "contracts": [{"configMap": "api"}]}
FITS = Compared(name="api", safe=("GET /new: endpoint added",))
BREAKS = Compared(name="api", breaking=("GET /orders: total removed", *(f"GET /{number}: gone" for number in range(5))))
IDLE = accept(FITS, (Acceptance(finding="deadbeef", by="ann", because="nobody calls it", until="2027-01-31"),), TODAY)
UNSEEN = Compared(name="api", problem="not compared, as oasdiff is not on the PATH")
FIRST = Compared(name="api", first=True)

ITEMS: list[tuple[Check, dict[str, Any], State, str]] = [
    (Check.COMPATIBILITY, {}, State.UNKNOWN, "contracts are not compared"),
    (Check.COMPATIBILITY, {"change": {**FEATURE, "migrations": [migration()]}}, State.DONE, "declared: add-column"),
    (Check.COMPATIBILITY, {"new": GONE}, State.MISSING, "port http is gone"),
    (Check.COMPATIBILITY, {"change": COSMETIC, **PATCH}, State.NOT_APPLICABLE, "nothing that is declared or seen"),
    (Check.COMPATIBILITY, {"change": SIGNED}, State.UNKNOWN, "`releasectl review -f` compares them"),
    (Check.COMPATIBILITY, {"change": SIGNED, "contracts": (FITS,)}, State.DONE, "nothing breaks: contract api (1 additions)"),
    (Check.COMPATIBILITY, {"change": SIGNED, "contracts": (BREAKS,)}, State.MISSING, "contract api: GET /orders: total removed"),
    (Check.COMPATIBILITY, {"change": SIGNED, "contracts": (BREAKS,), "versions": ("2.3.1", "3.0.0")}, State.DONE, "the major"),
    (Check.COMPATIBILITY, {"change": SIGNED, "contracts": (IDLE,)}, State.DONE, "acceptance deadbeef by ann fits nothing"),
    (Check.COMPATIBILITY, {"change": SIGNED, "contracts": (UNSEEN,)}, State.MISSING, "oasdiff is not on the PATH"),
    (Check.COMPATIBILITY, {"change": SIGNED, "contracts": (FIRST,)}, State.UNKNOWN, "there is no older one"),
    (Check.FLAG, {}, State.DONE, "new-checkout"),
    (Check.FLAG, {"change": {"kind": "Feature"}}, State.NOT_APPLICABLE, "not needed for a medium risk"),
    (Check.FLAG, {"change": {"kind": "Core"}}, State.MISSING, "spec.change.flags"),
    (Check.ROLLBACK_PLAN, {"history": ()}, State.PENDING, "minutes. It is rehearsed before the first step"),
    (Check.ROLLBACK_PLAN, {"rollback": {"plan": PLAN}}, State.MISSING, "not rehearsed: say spec.rollback.rehearse: true"),
    (Check.ROLLBACK_PLAN, BLUE_GREEN, State.DONE, "Rehearsed: revision 7-abc went back at 2026-01-02 03:04 UTC (Aborted)"),
    (Check.ROLLBACK_PLAN, {**BLUE_GREEN, "history": (past(Outcome.COMPLETED, Kind.ROLLBACK),)}, State.DONE, "Rehearsed"),
    (Check.ROLLBACK_PLAN, {**BLUE_GREEN, "history": None}, State.UNKNOWN, "is not known here"),
    (Check.ROLLBACK_PLAN, {**BLUE_GREEN, "history": (past(Outcome.COMPLETED),)}, State.MISSING, "not rehearsed"),
    (Check.ROLLBACK_PLAN, {"change": {"kind": "Core"}, "history": ()}, State.MISSING, "not rehearsed"),
    (Check.ROLLBACK_PLAN, {"history": (), "change": COSMETIC, **PATCH}, State.DONE, "documented"),
    (Check.ROLLBACK_PLAN, {"rollback": {}}, State.MISSING, "spec.rollback.plan is missing"),
    (Check.ROLLBACK_PLAN, {"rollback": {"plan": "Stop. Then go back."}}, State.MISSING, "not one sentence"),
    (Check.HEALTH_CHECKS, {}, State.DONE, "readinessProbe on app"),
    (Check.HEALTH_CHECKS, {"new": template("shop:2.4.0", readinessProbe=None)}, State.MISSING, "no readinessProbe on"),
    (Check.HEALTH_CHECKS, {"new": {"spec": {"containers": "broken"}}}, State.UNKNOWN, "could not be seen"),
    (Check.GATES, {}, State.UNKNOWN, "errors; whether they return data now"),
    (Check.GATES, {"gates": []}, State.MISSING, "spec.gates is empty: only the pods' own health is watched"),
    (Check.GATES, {"gates": [], "rollback": {"onAlerts": ["ShopErrors"]}}, State.MISSING, "and the alerts ShopErrors are"),
    (Check.GATES, {"gates": [{**GATE, "at": ["before-traffic"]}]}, State.MISSING, "no gate is asked while the candidate has"),
    (Check.MIGRATIONS, {}, State.NOT_APPLICABLE, "no migration is declared"),
    (Check.MIGRATIONS, {"change": None}, State.UNKNOWN, "spec.change is missing"),
    (Check.MIGRATIONS, {"change": {"kind": "DataMigration"}}, State.MISSING, "spec.change.migrations is empty"),
    (Check.MIGRATIONS, {"change": LOCKED}, State.MISSING, "not backward-compatible: add-column"),
    (Check.MIGRATIONS, {"change": {**FEATURE, "migrations": [migration()]}}, State.DONE, "add-column"),
    (Check.VERSION, {}, State.DONE, "2.3.1 → 2.4.0 is a minor version"),
    (Check.VERSION, PATCH, State.MISSING, "a change of kind Feature asks for a minor one"),
    (Check.VERSION, {"change": COSMETIC, **PATCH}, State.DONE, "2.3.1 → 2.3.2 is a patch version"),
    (Check.VERSION, {"change": LOCKED}, State.MISSING, "asks for a major one"),
    (Check.VERSION, {"change": LOCKED, "versions": ("0.3.1", "0.4.0")}, State.DONE, "0.3.1 → 0.4.0 is a minor version"),
    (Check.VERSION, {"versions": ("2.4.0", "2.3.1")}, State.MISSING, "2.4.0 → 2.3.1 goes backwards"),
    (Check.VERSION, {"versions": ("2.3.1", "2.3.1")}, State.MISSING, "the images change, and the version stays 2.3.1"),
    (Check.VERSION, {"versions": ("2.3.1",) * 2, "new": template(env=[{"name": "A"}])}, State.NOT_APPLICABLE, "the images are"),
    (Check.VERSION, {"versions": (None, "2.4.0")}, State.UNKNOWN, "unknown → 2.4.0"),
    (Check.CHANGELOG, {}, State.DONE, "CHANGELOG.md#240 names 2.4.0"),
    (Check.CHANGELOG, {"change": {**FEATURE, "changelog": "notes for 2.4.0"}}, State.DONE, "names 2.4.0"),
    (Check.CHANGELOG, {"change": {**FEATURE, "changelog": "CHANGELOG.md#2401"}}, State.UNKNOWN, "does not name 2.4.0"),
    (Check.CHANGELOG, {"change": {**FEATURE, "changelog": "12.4.0"}}, State.UNKNOWN, "does not name 2.4.0"),
    (Check.CHANGELOG, {"change": {"kind": "Feature"}}, State.MISSING, "spec.change.changelog is missing"),
    (Check.CHANGELOG, {"versions": ("2.3.1", None)}, State.UNKNOWN, "the new version is not known"),
    (Check.CHANGELOG, {"versions": ("2.3.1", "2.3.1")}, State.NOT_APPLICABLE, "the version stays 2.3.1"),
    (Check.STAKEHOLDERS, {}, State.DONE, "payments-team"),
    (Check.STAKEHOLDERS, {"change": {"kind": "Feature"}}, State.MISSING, "spec.change.stakeholders is empty"),
    (Check.STAKEHOLDERS, {"change": COSMETIC, **PATCH}, State.NOT_APPLICABLE, "not needed for a low risk"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "state", "evidence"), ITEMS)
def test_each_item_of_the_checklist_has_its_state_and_its_evidence(
    name: Check, given: dict[str, Any], state: State, evidence: str
) -> None:
    """What is seen counts as done; what nobody can see is unknown, never done."""
    found = item(review(**given), name)
    assert (found.state, evidence in found.evidence) == (state, True), found


def test_the_checklist_has_all_nine_items_in_their_order() -> None:
    """Whatever the change is."""
    assert [each.name for each in review(change=None).checklist] == list(Check)


FLAGS: list[tuple[Danger, dict[str, Any], bool]] = [
    (Danger.BREAKING_WITHOUT_VERSION, {"change": LOCKED}, True),
    (Danger.BREAKING_WITHOUT_VERSION, {"change": LOCKED, "versions": ("2.3.1", "3.0.0")}, False),
    (Danger.BREAKING_WITHOUT_VERSION, {"change": LOCKED, "versions": ("0.3.1", "0.4.0")}, False),
    (Danger.BREAKING_WITHOUT_VERSION, {"change": LOCKED, "versions": (None, None)}, True),
    (Danger.BREAKING_WITHOUT_VERSION, {"old": TWO_PORTS}, True),
    (Danger.BREAKING_WITHOUT_VERSION, {"change": SIGNED, "contracts": (BREAKS,)}, True),
    (Danger.BREAKING_WITHOUT_VERSION, {"change": SIGNED, "contracts": (FITS,)}, False),
    (Danger.BREAKING_WITHOUT_VERSION, {}, False),
    (Danger.IRREVERSIBLE_MIGRATION, {"change": UNDOABLE}, True),
    (Danger.IRREVERSIBLE_MIGRATION, {"change": {**FEATURE, "migrations": [migration()]}}, False),
    (Danger.NO_FLAG, {"change": {"kind": "Core"}}, True),
    (Danger.NO_FLAG, {"change": {"kind": "Core", "flags": ["new-checkout"]}}, False),
    (Danger.NO_FLAG, {"change": {"kind": "Feature"}}, False),
    (Danger.SIMULTANEOUS, {"change": LOCKED}, True),
    (Danger.SIMULTANEOUS, {"new": GONE}, True),
    (Danger.SIMULTANEOUS, {"change": SIGNED, "contracts": (BREAKS,)}, True),
    (Danger.SIMULTANEOUS, {}, False),
    (Danger.NO_MONITORING, {"gates": []}, True),
    (Danger.NO_MONITORING, {}, False),
    (Danger.NO_MONITORING, {"gates": [], "rollback": {"plan": PLAN, "onAlerts": ["ShopErrors"]}}, False),
    (Danger.ROLLBACK_UNPROVEN, {"rollback": {}}, True),
    (Danger.ROLLBACK_UNPROVEN, {"rollback": {"plan": "Stop. Then go back."}}, True),
    (Danger.ROLLBACK_UNPROVEN, {"history": ()}, False),
    (Danger.ROLLBACK_UNPROVEN, {"rollback": {"plan": PLAN}}, True),
    (Danger.ROLLBACK_UNPROVEN, {**BLUE_GREEN, "history": ()}, True),
    (Danger.ROLLBACK_UNPROVEN, {**BLUE_GREEN, "history": None}, False),
    (Danger.ROLLBACK_UNPROVEN, {**BLUE_GREEN, "history": (), "change": COSMETIC, **PATCH}, False),
    (Danger.ROLLBACK_UNPROVEN, {**BLUE_GREEN, "history": WENT_BACK}, False),
    (Danger.WEAKER_STRATEGY, {"strategy": {"type": "Canary"}, "change": {"kind": "Core"}}, True),
    (Danger.WEAKER_STRATEGY, {"strategy": {"type": "Canary"}}, False),
    (Danger.NO_PARALLEL_RUN, {"strategy": {"type": "BlueGreen"}, "change": {"kind": "DataMigration"}}, True),
    (Danger.NO_PARALLEL_RUN, {"change": {"kind": "DataMigration"}}, False),
    (Danger.NO_PARALLEL_RUN, {"change": {"kind": "Core"}}, False),
]


@pytest.mark.parametrize(("name", "given", "there"), FLAGS)
def test_each_red_flag_is_there_when_it_should_be_and_only_then(name: Danger, given: dict[str, Any], there: bool) -> None:
    """With what to do about it."""
    assert (name in flags(review(**given))) == there


def test_a_change_that_leaves_nothing_open_is_ready() -> None:
    """No red flag, nothing missing."""
    made = review()
    assert made.ready
    assert made.red_flags == ()


@pytest.mark.parametrize("given", [{"rollback": {}}, {"rollback": {"plan": "Stop. Then go back."}}])
def test_without_a_rollback_plan_of_one_sentence_nothing_is_ready(given: dict[str, Any]) -> None:
    """Not even a cosmetic change."""
    cosmetic = {**COSMETIC, "changelog": "CHANGELOG.md#232"}
    assert not review(change=cosmetic, **PATCH, **given).ready
    assert review(change=cosmetic, **PATCH).ready


@pytest.mark.parametrize(
    ("plan", "one"),
    [
        (PLAN, True),
        ("Traffic returns to v1.2, which stays warm", True),
        ("Stop. Then go back.", False),
        ("Really? Go back", False),
        ("Stop\n\nThen go back", False),
        (" ", False),
    ],
)
def test_a_plan_is_one_sentence_or_it_is_none(plan: str, one: bool) -> None:
    """A version's full stop ends no sentence."""
    assert is_one_sentence(plan) is one


@pytest.mark.parametrize(
    ("contracts", "api"),
    [
        (None, "Unknown: no contract is compared"),
        ((FITS,), "Compatible: contract api (1 additions)"),
        ((Compared(name="api"),), "Compatible: contract api (the same)"),
        ((FIRST,), "Unknown: contract api (the first one)"),
        ((FITS, UNSEEN), "Unknown: contract api: not compared, as oasdiff is not on the PATH"),
        ((BREAKS,), "Breaking: contract api: GET /orders: total removed [c30731cf]; contract api: GET /0: gone [2427c356]; "
                    "contract api: GET /1: gone [65e72ed0]; contract api: 3 more that break"),
    ],
)  # fmt: skip
def test_compatible_is_only_what_was_compared(contracts: tuple[Compared, ...] | None, api: str) -> None:
    """One contract that was not compared is enough for Unknown, one that breaks for Breaking."""
    assert review(change=SIGNED, contracts=contracts).compatibility.api == api


def test_a_contract_that_breaks_is_a_high_risk_and_one_that_grows_contradicts_cosmetic() -> None:
    """Whatever is declared."""
    cosmetic = {**COSMETIC, "contracts": [{"configMap": "api"}]}
    assert review(change=cosmetic, contracts=(BREAKS,), **PATCH).risk is Risk.HIGH
    assert review(change=cosmetic, contracts=(FITS,), **PATCH).risk is Risk.MEDIUM
    assert review(change=cosmetic, contracts=(Compared(name="api"),), **PATCH).risk is Risk.LOW


_ANN = {"by": "ann", "because": "nobody calls it", "until": "2026-11-30"}


def test_what_somebody_answers_for_breaks_nothing_until_the_day_has_passed() -> None:
    """It is told with who it is, and is no cosmetic change; what nobody has named breaks as ever."""
    contract = Compared(name="api", breaking=("GET /orders: total removed",))
    ann = Contract.model_validate({"configMap": "api", "accepted": [{**_ANN, "finding": "c30731cf"}]})
    found = accept(contract, ann.accepted, TODAY)
    told = "GET /orders: total removed: accepted by ann until 2026-11-30: nobody calls it"
    assert (found.breaking, found.accepted) == ((), (told,))
    made = review(change=SIGNED, contracts=(found,))
    assert made.compatibility.api == f"Compatible: contract api ({told})"
    assert review(change={**COSMETIC, "contracts": [{"configMap": "api"}]}, contracts=(found,), **PATCH).risk is Risk.MEDIUM
    assert item(made, Check.COMPATIBILITY).state is State.DONE
    assert Danger.BREAKING_WITHOUT_VERSION not in flags(made)
    late = review(change=SIGNED, contracts=(accept(contract, ann.accepted, TODAY + timedelta(days=1)),))
    assert late.compatibility.api == "Breaking: contract api: GET /orders: total removed [c30731cf, no longer accepted]"
    other = replace(contract, breaking=("GET /orders: total removed from items",))
    assert accept(other, ann.accepted, TODAY) == replace(other, idle=("acceptance c30731cf by ann",))


@pytest.mark.parametrize("wrong", [{"by": ""}, {"because": ""}, {"until": "soon"}, {"finding": "GET /orders"}])
def test_nothing_is_accepted_in_nobodys_name_or_for_ever(wrong: dict[str, str]) -> None:
    """Each of the four is required."""
    whole = {**_ANN, "finding": "c30731cf"}
    (name,) = wrong
    for given in ({**whole, **wrong}, {key: value for key, value in whole.items() if key != name}):
        with pytest.raises(ValidationError):
            Acceptance.model_validate(given)
