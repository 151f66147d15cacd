"""Feature flags: which ones a release switches, how far they are, and the stages that write them.

Off goes first and holds up nothing: a flag that cannot be written must not keep users on a bad version. Nothing that comes
after starts while a flag is on whose version is withdrawn.
"""

from collections.abc import Collection

from strategies.analysis.verdict import Unknown
from strategies.rollout.stage import Wait
from strategies.rollout.turn import Turn
from strategies.rollout.wanted import World, overdue
from strategies.spec.flag import Flag
from strategies.spec.status import Kind, Revision, Toggle, ToggleState
from strategies.world.effects import Effect, FlagOff, FlagOn
from strategies.world.observation import FlagSeen

_MOST = 20


def begun(turn: Turn, kind: Kind, candidate: Revision) -> tuple[Toggle, ...]:
    """The records of a trial that begins: a release has its spec's flags, a rollback takes back those of what it leaves."""
    known = tuple(each for each in turn.status.flags if each.state is ToggleState.ON)
    if kind is Kind.ROLLBACK:
        return lowered(known, _left(turn))
    if kind is not Kind.RELEASE or turn.spec is None:
        return known
    fresh = tuple(_record(flag, candidate.hash) for flag in turn.spec.flags if not _is_on(turn, flag))
    places = {each.place for each in fresh}
    return (*(each for each in known if each.place not in places), *fresh)[-_MOST:]


def _record(flag: Flag, revision: str) -> Toggle:
    place = flag.place
    return Toggle(kind=place.kind, object=place.object, key=place.key, flag=place.flag, on=flag.on_promotion,
                  off=flag.on_rollback, weight=flag.weight, revision=revision)  # fmt: skip


def _is_on(turn: Turn, flag: Flag) -> bool:
    """One that is on before the release is stable's: neither this release nor its rollback may take it from the users."""
    seen = turn.observation.flags.get(flag.place)
    return isinstance(seen, FlagSeen) and seen.variant == flag.on_promotion


def _left(turn: Turn) -> frozenset[str]:
    """Hashes of the revisions that a rollback to the Deployment's template leaves behind: stable, and those before it."""
    kept = turn.observation.kept if isinstance(turn.observation.kept, tuple) else ()
    digest = turn.workload.template.digest if turn.workload else ""
    target = next((number for number, each in enumerate(kept) if each.digest == digest), len(kept))
    stable = {turn.status.stable.hash} if turn.status.stable else set()
    return frozenset({each.hash for each in kept[target + 1 :]} | stable)


def raised(flags: tuple[Toggle, ...], revision: str, weight: int) -> tuple[Toggle, ...]:
    """Those of this revision go on that wait for no more than this share."""
    return tuple(
        each.model_copy(update={"state": ToggleState.ON})
        if each.state is ToggleState.WAITS and each.revision == revision and each.weight <= weight
        else each
        for each in flags
    )


def lowered(flags: tuple[Toggle, ...], revisions: Collection[str]) -> tuple[Toggle, ...]:
    """Those of these revisions go off; what was never to be on is nobody's."""
    return tuple(
        each.model_copy(update={"state": ToggleState.OFF}) if each.revision in revisions else each
        for each in flags
        if each.revision not in revisions or each.state is not ToggleState.WAITS
    )


def leaving(flags: tuple[Toggle, ...]) -> bool:
    """Whether one is to go off, as far as is known."""
    return any(each.state is ToggleState.OFF for each in flags)


def staying(flags: tuple[Toggle, ...]) -> tuple[Toggle, ...]:
    """Without those that went off."""
    return tuple(each for each in flags if each.state is not ToggleState.OFF)


def off(turn: Turn) -> list[Effect]:
    """Those that are still on and must not be; of one whose write has failed, nothing until the end."""
    return [each for each in _offs(turn) if each.kind() not in turn.observation.failing]


def _offs(turn: Turn) -> list[Effect]:
    found: list[Effect] = []
    for each in turn.status.flags:
        seen = turn.observation.flags.get(each.place)
        if each.state is ToggleState.OFF and isinstance(seen, FlagSeen) and seen.variant not in (None, each.off):
            found.append(FlagOff(place=each.place, old=seen.variant or "", new=each.off))
    return found


def are_off(turn: Turn) -> bool:
    """Whether all that must be off are seen to be: what starts before would begin with them on."""
    return not _still_on(turn)


def flags_off(turn: Turn, _: World) -> list[Effect] | Wait:
    """All that must be off are seen to be, or to be gone; a deletion does not wait for ever for one that cannot be written."""
    return _still_on(turn)


def _still_on(turn: Turn) -> list[Effect] | Wait:
    if overdue(turn):
        return []
    if turn.observation.deleting and turn.trial is None:
        return off(turn)
    for each in turn.status.flags:
        seen = turn.observation.flags.get(each.place, _NOT_READ)
        if each.state is ToggleState.OFF and isinstance(seen, Unknown):
            return Wait(message=f"The {each.place} must be {each.off}, and cannot be read: {seen.message}")
    return _offs(turn)


_NOT_READ = Unknown(reason="NotRead", message="it was not looked at yet")


def flags_on(turn: Turn, _: World) -> list[Effect] | Wait:
    """Those whose share is reached are on, and seen to be."""
    found: list[Effect] = []
    for each in turn.status.flags:
        if turn.trial is None or each.state is not ToggleState.ON or each.revision != turn.trial.candidate.hash:
            continue
        seen = turn.observation.flags.get(each.place, _NOT_READ)
        problem = seen.message if isinstance(seen, Unknown) else unusable(seen, each.on)
        if problem is not None:
            return Wait(message=f"The {each.place} cannot be switched on: {problem}")
        if isinstance(seen, FlagSeen) and seen.variant != each.on:
            found.append(FlagOn(place=each.place, old=seen.variant or "", new=each.on))
    return found


def obstacle(turn: Turn) -> str | Unknown | None:
    """Why a flag of the spec could not be switched, one way or the other; None when all can."""
    for number, flag in enumerate(turn.spec.flags if turn.spec else ()):
        seen = turn.observation.flags.get(flag.place, _NOT_READ)
        if isinstance(seen, Unknown):
            return Unknown(reason=seen.reason, message=f"spec.flags[{number}], {flag.place}: {seen.message}")
        if (problem := unusable(seen, flag.on_promotion, flag.on_rollback)) is not None:
            return f"spec.flags[{number}], {flag.place}: {problem}"
    return None


def unusable(seen: FlagSeen, *variants: str) -> str | None:
    """Why a flag cannot be switched to each of these variants."""
    if seen.problem is not None:
        return seen.problem
    missing = next((each for each in variants if each not in seen.variants), None)
    return None if missing is None else f"it has no variant {missing}; there are: {', '.join(seen.variants) or 'none'}."
