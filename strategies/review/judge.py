"""The review of a change: everything that is found out about it, as the value that the status keeps.

It never raises, whatever the templates are, and it blocks nothing.
"""

from strategies.review import consequences, contracts, risk
from strategies.review.checklist import checklist, missing
from strategies.review.difference import differences, told
from strategies.review.red_flags import red_flags
from strategies.review.subject import Case, Subject
from strategies.rollout.plan import of_release, taken
from strategies.spec.change import Migration
from strategies.spec.review import LONGEST, Compatibility, Danger, Review


def examine(subject: Subject) -> tuple[Case, Review]:
    """The case, from which plans can be told, and the review."""
    known = subject.old is not None and subject.new is not None
    found = differences(subject.old or {}, subject.new or {}) if known else None
    reasons = risk.grounds(subject, found)
    level = risk.level(reasons)
    strategy, why = risk.choose(subject, level)
    spec = taken(subject.spec, strategy)
    case = Case(
        subject=subject,
        found=found,
        breaking=consequences.breaking(subject, found),
        risk=level,
        recommended=risk.TABLE[level],
        strategy=strategy,
        steps=of_release(spec, subject.replicas),
    )
    items, flags = checklist(case), red_flags(case)
    review = Review(
        risk=level,
        reasons=reasons,
        differences=("what differs could not be seen",) if found is None else told(found),
        blast_radius=consequences.blast_radius(case),
        way_back=consequences.way_back(case),
        compatibility=_compatibility(case),
        recommended=case.recommended,
        strategy=strategy,
        chosen=why,
        checklist=items,
        red_flags=flags,
        ready=not flags and not any(missing(items)),
    )
    return case, review


def headline(review: Review) -> str:
    """The red flags in one sentence, for an event."""
    names: list[Danger] = [flag.name for flag in review.red_flags]
    first = f" {review.red_flags[0].message}" if review.red_flags else ""
    return f"Risk {review.risk}, red flags: {', '.join(names)}.{first}"


def _compatibility(case: Case) -> Compatibility:
    change, declared = case.change, consequences.migrations(case.subject)
    broken = "; ".join(case.breaking)
    data = "Unknown: spec.change is missing" if change is None else "Compatible, as declared: no migration"
    if declared:
        data = f"Migration needed: {', '.join(_form(m) for m in declared)}"
    api = f"Breaking: {broken}" if broken else _api(case)
    dependencies = f"Coordination needed: {broken}" if broken else "Unknown: who depends on this is declared nowhere"
    return Compatibility(api=api[:LONGEST], data=data[:LONGEST], dependencies=dependencies[:LONGEST])


def _api(case: Case) -> str:
    """Of contracts in which nothing was found that breaks."""
    compared = case.subject.contracts
    if not compared:
        return "Unknown: no contract is compared"
    wrong, seen = contracts.problems(compared), contracts.unbroken(compared)
    unsure = wrong or any(each.first for each in compared)
    return f"Unknown: {'; '.join(wrong) or seen}" if unsure else f"Compatible: {seen}"


def _form(migration: Migration) -> str:
    undone, beside = ("" if each else "not " for each in (migration.reversible, migration.backward_compatible))
    return f"{migration.name} ({undone}reversible, {beside}backward-compatible)"
