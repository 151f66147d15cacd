"""What should keep a person from letting a change out, and what to do about each.

They block nothing by themselves.
"""

from collections.abc import Iterator

from strategies.review.consequences import migrations
from strategies.review.plans import is_one_sentence, rehearsal
from strategies.review.risk import at_least, weaker
from strategies.review.subject import Case
from strategies.review.versions import may_break
from strategies.spec.release import StrategyType
from strategies.spec.review import LONGEST, Danger, RedFlag, Risk, State


def red_flags(case: Case) -> tuple[RedFlag, ...]:
    """All there are, in the order of the list below."""
    return tuple(RedFlag(name=name, message=message[:LONGEST]) for look in _LOOKS for name, message in look(case))


_Flags = Iterator[tuple[Danger, str]]


def _breaking_without_version(case: Case) -> _Flags:
    if case.breaking and not may_break(case.subject.old_version, case.subject.new_version):
        step = f"{case.subject.old_version or 'unknown'} → {case.subject.new_version or 'unknown'}"
        yield (Danger.BREAKING_WITHOUT_VERSION, f"{'; '.join(case.breaking)}, and the version does not say so ({step}). Raise "
               "the major version, or keep the old way beside the new one.")  # fmt: skip


def _irreversible(case: Case) -> _Flags:
    names = [m.name for m in migrations(case.subject) if not m.reversible]
    if names:
        yield (Danger.IRREVERSIBLE_MIGRATION, f"Migration {', '.join(names)} cannot be undone. Split it: add first, remove in a "
               "later release, when nobody needs the old form.")  # fmt: skip


def _no_flag(case: Case) -> _Flags:
    if at_least(case.risk, Risk.HIGH) and not case.subject.spec.flags and not (case.change and case.change.flags):
        yield (Danger.NO_FLAG, f"The risk is {case.risk}, and no flag switches the new behaviour off. Put it behind one, and "
               "name it in spec.flags, or in spec.change.flags if people switch it.")  # fmt: skip


def _simultaneous(case: Case) -> _Flags:
    if case.breaking:
        yield (Danger.SIMULTANEOUS, f"{'; '.join(case.breaking)}: whoever relies on it, stable among them, would have to change "
               "at the same moment. Keep the old way beside the new one until all have changed.")  # fmt: skip


def _no_monitoring(case: Case) -> _Flags:
    spec = case.subject.spec
    if not spec.gates and not spec.rollback.on_alerts:
        yield (Danger.NO_MONITORING, "spec.gates is empty: errors that leave the pods ready would not be noticed. Add a gate on "
               "the service's errors, or name an alert in spec.rollback.onAlerts.")  # fmt: skip


def _rollback_unproven(case: Case) -> _Flags:
    plan = case.subject.spec.rollback.plan
    if plan is None or not is_one_sentence(plan):
        what = "missing" if plan is None else "not one sentence"
        yield (Danger.ROLLBACK_UNPROVEN, f"The rollback plan is {what}, so the release is not ready. Say in one sentence, in "
               "spec.rollback.plan, how this goes back.")  # fmt: skip
        return
    state, evidence = rehearsal(case)
    if at_least(case.risk, Risk.MEDIUM) and state is State.MISSING:
        quiet = " Start one in a quiet hour, and take it back with `releasectl abort`."
        how = "" if case.strategy is StrategyType.CANARY else quiet
        yield Danger.ROLLBACK_UNPROVEN, f"The way back is not known to work. {evidence}.{how}"


def _weaker_strategy(case: Case) -> _Flags:
    if weaker(case.strategy, case.recommended) and case.risk is not Risk.CRITICAL:
        yield (Danger.WEAKER_STRATEGY, f"It goes out as {case.strategy}; for a {case.risk.lower()} risk {case.recommended} is "
               "recommended. Write spec.strategy.type: Auto, or that one.")  # fmt: skip


def _no_parallel_run(case: Case) -> _Flags:
    if case.risk is Risk.CRITICAL and case.strategy is not StrategyType.SHADOW:
        how = case.subject.unmirrored or "Write spec.strategy.type: Shadow."
        yield (Danger.NO_PARALLEL_RUN, "A critical change should run beside the old version on mirrored requests before users "
               f"meet it, and this one goes out as {case.strategy}. {how}")  # fmt: skip


_LOOKS = (
    _breaking_without_version,
    _irreversible,
    _no_flag,
    _simultaneous,
    _no_monitoring,
    _rollback_unproven,
    _weaker_strategy,
    _no_parallel_run,
)
