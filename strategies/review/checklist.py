"""The nine things that should be done before a release, each with its evidence.

Nothing is asked that can be seen. What cannot be seen, and nobody has declared, is Missing or Unknown, never Done.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from strategies.analysis.feasibility import Traffic
from strategies.analysis.verdict import Unknown
from strategies.review.consequences import migrations, ports_gone
from strategies.review.contracts import broken, idle, problems, unbroken
from strategies.review.difference import Area
from strategies.review.plans import PLANNED, is_one_sentence, rehearsal
from strategies.review.risk import at_least
from strategies.review.subject import Case
from strategies.review.versions import Bump, parse
from strategies.rollout import comparing
from strategies.spec.change import ChangeKind
from strategies.spec.gate import Gate
from strategies.spec.review import LONGEST, Check, Item, Review, Risk, State

Found = tuple[State, str]
_NEEDED = {ChangeKind.COSMETIC: Bump.PATCH, ChangeKind.FEATURE: Bump.MINOR, ChangeKind.CORE: Bump.MINOR,
           ChangeKind.DATA_MIGRATION: Bump.MINOR}  # fmt: skip
_SIZES = (Bump.PATCH, Bump.MINOR, Bump.MAJOR)
_PLAN = 180
_ASKED = "asked while the candidate has traffic"


def checklist(case: Case) -> tuple[Item, ...]:
    """All items, in their order."""
    return tuple(_item(name, look(case)) for name, look in _LOOKS.items())


def containers(template: Any) -> list[dict[str, Any]]:
    """The containers of a pod template that serve; none of one that cannot be read."""
    spec = template.get("spec") if isinstance(template, dict) else None
    listed = spec.get("containers") if isinstance(spec, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _item(name: Check, found: Found) -> Item:
    return Item(name=name, state=found[0], evidence=found[1][:LONGEST])


def _compatibility(case: Case) -> Found:
    planned = ", ".join(m.name for m in migrations(case.subject))
    if gone := ports_gone(case.found):
        return State.MISSING, f"{'; '.join(gone)}: keep it until nobody uses it"
    if case.change and case.change.contracts:
        state, evidence = _contracts(case, planned)
        return state, "; ".join((*idle(case.subject.contracts or ()), evidence))
    if planned:
        return State.DONE, f"migrations are declared: {planned}"
    if case.risk is Risk.LOW:
        return State.NOT_APPLICABLE, "nothing that is declared or seen changes behaviour"
    live = next((f"gate {gate.name} compares what the pods serve before users meet them" for gate in case.subject.spec.gates
                 if gate.contract), "contracts are not compared")  # fmt: skip
    return State.UNKNOWN, f"{live}, and no migration is declared"


def _contracts(case: Case, planned: str) -> Found:
    """Of the declared ones: a comparison that could not be made is none that has passed."""
    compared = case.subject.contracts
    if compared is None:
        return State.UNKNOWN, "contracts are declared; `releasectl review -f` compares them with the older ones"
    if wrong := (*problems(compared), *(broken(compared) if not planned and case.bump is not Bump.MAJOR else ())):
        return State.MISSING, "; ".join(wrong)
    if any(each.first for each in compared):
        return State.UNKNOWN, f"{unbroken(compared)}: there is no older one to compare with"
    if broken(compared):
        why = "migrations are declared" if planned else "the major version says so"
        return State.DONE, f"{why}: {'; '.join(broken(compared))}"
    return State.DONE, f"nothing breaks: {unbroken(compared)}"


def _flag(case: Case) -> Found:
    declared, switched = case.change.flags if case.change else (), case.subject.spec.flags
    if switched:
        return State.DONE, f"switched by the release: {', '.join(flag.name for flag in switched)}"
    if declared:
        return State.DONE, f"declared: {', '.join(declared)}"
    if not at_least(case.risk, Risk.HIGH):
        return State.NOT_APPLICABLE, f"not needed for a {case.risk.lower()} risk"
    return State.MISSING, "none is switched by spec.flags, or declared in spec.change.flags"


def _rollback_plan(case: Case) -> Found:
    plan = case.subject.spec.rollback.plan
    if plan is None:
        return State.MISSING, "spec.rollback.plan is missing"
    if not is_one_sentence(plan):
        return State.MISSING, "spec.rollback.plan is not one sentence"
    if case.risk is Risk.LOW:
        return State.DONE, f"documented: {plan}"
    state, evidence = rehearsal(case)
    return state, f"documented: {_short(plan)} {evidence}"


def _short(plan: str) -> str:
    """So that what is said of it is not cut off."""
    return plan if len(plan) <= _PLAN else f"{plan[:_PLAN]} …"


def _health_checks(case: Case) -> Found:
    found = containers(case.subject.new)
    if not found:
        return State.UNKNOWN, "the pod template could not be seen"
    serving = [each for each in found if each.get("ports")] or found
    without = [str(each.get("name")) for each in serving if not each.get("readinessProbe")]
    if without:
        return State.MISSING, f"no readinessProbe on container {', '.join(without)}: pods count as ready before they are"
    return State.DONE, f"readinessProbe on {', '.join(str(each.get('name')) for each in serving)}"


def _gates(case: Case) -> Found:
    gates = case.subject.spec.gates
    if not gates:
        alerts = ", ".join(case.subject.spec.rollback.on_alerts)
        watched = f"only the pods' own health and the alerts {alerts} are" if alerts else "only the pods' own health is"
        return State.MISSING, f"spec.gates is empty: {watched} watched"
    asked = [gate.name for gate in comparing.asked_of_users(gates, case.steps)]
    if not asked:
        return State.MISSING, "no gate is asked while the candidate has traffic"
    unseen = "whether they return data now, and see the new code, shows in the release"
    return State.UNKNOWN, f"{_ASKED}: {', '.join(asked)}; {unseen}"


def with_data(items: tuple[Item, ...], asked: tuple[Gate, ...], traffic: Mapping[str, Traffic | Unknown]) -> tuple[Item, ...]:
    """The items, once it is known of the gates that compare whether stable is counted; a query's answer is not known before it
    is asked.
    """
    seen = {gate.name: traffic.get(gate.name) for gate in asked if gate.counting or gate.threshold}
    silent = ((name, found.message.rstrip(".")) for name, found in seen.items() if isinstance(found, Unknown))
    lacking = [f"{name} has no data now: {why}" for name, why in silent]
    if unseen := [name for name, found in seen.items() if found is None]:
        lacking.append(f"whether there is data for {', '.join(unseen)} shows in the release")
    data = "; ".join(lacking) or "what they count of stable is there now"
    evidence = f"{_ASKED}: {', '.join(gate.name for gate in asked)}; {data}"
    known = _item(Check.GATES, (State.UNKNOWN if lacking else State.DONE, evidence))
    return tuple(known if item.name is Check.GATES and item.state is State.UNKNOWN else item for item in items)


def _backward_compatible(case: Case) -> Found:
    declared = migrations(case.subject)
    if not declared:
        if case.change is not None and case.change.kind is ChangeKind.DATA_MIGRATION:
            return State.MISSING, "declared as DataMigration, but spec.change.migrations is empty"
        return (State.NOT_APPLICABLE, "no migration is declared") if case.change else (State.UNKNOWN, "spec.change is missing")
    wrong = [m.name for m in declared if not m.backward_compatible]
    if wrong:
        return State.MISSING, f"not backward-compatible: {', '.join(wrong)}; split it, so that the old version works with both"
    return State.DONE, f"declared backward-compatible: {', '.join(m.name for m in declared)}"


def _version(case: Case) -> Found:
    old, new, step = case.subject.old_version, case.subject.new_version, case.bump
    said = f"{old or 'unknown'} → {new or 'unknown'}"
    if step is Bump.UNKNOWN:
        return State.UNKNOWN, f"{said}: semantic versions, such as 2.4.0, could be compared"
    if step is Bump.BACKWARDS:
        return State.MISSING, f"{said} goes backwards"
    if step is Bump.SAME:
        if case.found is None:
            return State.UNKNOWN, f"the version is {new} as before; what changes could not be seen"
        if not any(each.area is Area.IMAGE for each in case.found):
            return State.NOT_APPLICABLE, f"the images are those of {new}"
        return State.MISSING, f"the images change, and the version stays {new}"
    needed = Bump.MAJOR if case.breaking else _NEEDED[case.change.kind] if case.change else Bump.PATCH
    before = parse(old)
    if before is not None and before.major == 0 and step is not Bump.MAJOR:
        needed = Bump.MINOR if case.breaking else Bump.PATCH  # Before 1.0.0 a minor version may break.
    if _SIZES.index(step) < _SIZES.index(needed):
        why = case.breaking[0] if case.breaking else f"a change of kind {case.change.kind}" if case.change else ""
        return State.MISSING, f"{said} is a {step.lower()} version; {why} asks for a {needed.lower()} one"
    return State.DONE, f"{said} is a {step.lower()} version"


def _changelog(case: Case) -> Found:
    told, version = case.change.changelog if case.change else None, case.subject.new_version
    if case.bump is Bump.SAME:
        return State.NOT_APPLICABLE, f"the version stays {version}"
    if told is None:
        return State.MISSING, "spec.change.changelog is missing"
    number = parse(version)
    if number is None:
        return State.UNKNOWN, f"{told}; the new version is not known"
    plain = f"{number.major}.{number.minor}.{number.patch}"
    names = any(re.search(rf"(?<![\d.]){re.escape(form)}(?!\d|\.\d)", told)
                for form in (plain, plain.replace(".", ""), plain.replace(".", "-")))  # fmt: skip
    if names:
        return State.DONE, f"{told} names {plain}"
    return State.UNKNOWN, f"{told} does not name {plain}, and cannot be read from here"


def _stakeholders(case: Case) -> Found:
    told = case.change.stakeholders if case.change else ()
    if told:
        return State.DONE, f"declared as told: {', '.join(told)}"
    if case.risk is Risk.LOW:
        return State.NOT_APPLICABLE, "not needed for a low risk"
    return State.MISSING, "spec.change.stakeholders is empty"


_LOOKS: dict[Check, Callable[[Case], Found]] = {
    Check.COMPATIBILITY: _compatibility,
    Check.FLAG: _flag,
    Check.ROLLBACK_PLAN: _rollback_plan,
    Check.HEALTH_CHECKS: _health_checks,
    Check.GATES: _gates,
    Check.MIGRATIONS: _backward_compatible,
    Check.VERSION: _version,
    Check.CHANGELOG: _changelog,
    Check.STAKEHOLDERS: _stakeholders,
}


def rehearsed(review: Review, told: str) -> Review:
    """The review once the way back was rehearsed, as it said that it would be."""
    proven = tuple(_proven(item, told) if item.name is Check.ROLLBACK_PLAN else item for item in review.checklist)
    return review.model_copy(update={"checklist": proven})


def _proven(item: Item, told: str) -> Item:
    if item.state is not State.PENDING:
        return item
    evidence = f"{item.evidence.removesuffix(PLANNED)}Rehearsed: {told}"
    return item.model_copy(update={"state": State.DONE, "evidence": evidence[:LONGEST]})


def missing(items: tuple[Item, ...]) -> Iterator[Item]:
    """What is not done."""
    return (item for item in items if item.state is State.MISSING)
