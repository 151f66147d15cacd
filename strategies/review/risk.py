"""The level of risk, with every reason for it, and the strategy that the table has for the level.

What is declared counts as far as nothing that is seen contradicts it: what is seen only raises the level.
"""

from collections.abc import Iterator
from itertools import groupby

from strategies.review.consequences import migrations
from strategies.review.contracts import broken
from strategies.review.difference import Area, Difference, named
from strategies.review.subject import Subject
from strategies.review.versions import Bump, bump
from strategies.spec.change import ChangeKind
from strategies.spec.release import StrategyType
from strategies.spec.review import LONGEST, MOST_GROUNDS, Ground, Risk

LEVELS = tuple(Risk)
TABLE = {
    Risk.LOW: StrategyType.ROLLING,
    Risk.MEDIUM: StrategyType.CANARY,
    Risk.HIGH: StrategyType.BLUE_GREEN,
    Risk.CRITICAL: StrategyType.SHADOW,
}
STRENGTH = (StrategyType.ROLLING, StrategyType.CANARY, StrategyType.BLUE_GREEN, StrategyType.SHADOW)
"""By how much of the harm they keep from users, weakest first."""
_DECLARED = {
    ChangeKind.COSMETIC: Risk.LOW,
    ChangeKind.FEATURE: Risk.MEDIUM,
    ChangeKind.CORE: Risk.HIGH,
    ChangeKind.DATA_MIGRATION: Risk.CRITICAL,
}
_BUMPS = {
    Bump.MAJOR: (Risk.HIGH, "a major version announces what is not compatible"),
    Bump.MINOR: (Risk.MEDIUM, "a minor version announces new behaviour"),
    Bump.PATCH: (Risk.LOW, "a patch"),
    Bump.BACKWARDS: (Risk.MEDIUM, "the version goes backwards"),
    Bump.UNKNOWN: (Risk.LOW, "what this step means cannot be read from it"),
}
_MOST_NAMED = 3


def grounds(subject: Subject, found: tuple[Difference, ...] | None) -> tuple[Ground, ...]:
    """All reasons, in the order: what is declared, migrations, the version, contracts, what is seen in the template."""
    cosmetic = subject.spec.change is not None and subject.spec.change.kind is ChangeKind.COSMETIC
    contradicted = ", but the change is declared cosmetic" if cosmetic else ""
    every = (*_declared(subject), *_migrations(subject), *_version(subject), *_contracts(subject), *_seen(found))
    return tuple(
        ground.model_copy(update={"message": f"{ground.message}{contradicted if ground.level is not Risk.LOW else ''}"[:LONGEST]})
        for ground in every[:MOST_GROUNDS]
    )


def level(reasons: tuple[Ground, ...]) -> Risk:
    """The highest of the reasons' levels."""
    return max((ground.level for ground in reasons), key=LEVELS.index, default=Risk.MEDIUM)


def at_least(risk: Risk, other: Risk) -> bool:
    """Whether a risk is as high as another one, or higher."""
    return LEVELS.index(risk) >= LEVELS.index(other)


def choose(subject: Subject, risk: Risk) -> tuple[StrategyType, str]:
    """The strategy that is taken, and why where the spec leaves it open."""
    asked, table = subject.spec.strategy.type, TABLE[risk]
    if asked is not StrategyType.AUTO:
        return asked, ""
    if table is StrategyType.ROLLING and subject.recreate:
        return StrategyType.CANARY, "Canary: the risk is Low, but a Deployment whose own strategy is Recreate cannot roll."
    if table is StrategyType.SHADOW and subject.unmirrored is not None:
        why = f"BlueGreen: the risk is Critical, but nothing can be mirrored: {subject.unmirrored}"
        return StrategyType.BLUE_GREEN, why[:LONGEST]
    return table, f"{table}: the risk is {risk}."


def weaker(strategy: StrategyType, recommended: StrategyType) -> bool:
    """Whether a strategy keeps less harm from users than the other."""
    return STRENGTH.index(strategy) < STRENGTH.index(recommended)


def _declared(subject: Subject) -> Iterator[Ground]:
    change = subject.spec.change
    if change is None:
        yield Ground(level=Risk.MEDIUM, message="nobody says what kind of change this is (spec.change.kind): it may be a feature")
    else:
        yield Ground(level=_DECLARED[change.kind], message=f"declared as {change.kind}")


def _migrations(subject: Subject) -> Iterator[Ground]:
    names = ", ".join(migration.name for migration in migrations(subject))
    if names:
        yield Ground(level=Risk.CRITICAL, message=f"data is migrated ({names})"[: LONGEST - 50])


def _version(subject: Subject) -> Iterator[Ground]:
    step = bump(subject.old_version, subject.new_version)
    if step is Bump.UNKNOWN:
        yield Ground(level=Risk.LOW, message="no semantic version says what this change announces")
    elif step is not Bump.SAME:
        risk, why = _BUMPS[step]
        yield Ground(level=risk, message=f"version {subject.old_version} → {subject.new_version}: {why}")


def _contracts(subject: Subject) -> Iterator[Ground]:
    for text in broken(subject.contracts):
        yield Ground(level=Risk.HIGH, message=text[:LONGEST])
    for contract in subject.contracts or ():
        for text in contract.accepted:
            yield Ground(level=Risk.MEDIUM, message=f"contract {contract.name}: {text}"[:LONGEST])
        if contract.safe:
            text = f"contract {contract.name}: {len(contract.safe)} additions, such as {contract.safe[0][:100]}"
            yield Ground(level=Risk.MEDIUM, message=text[:LONGEST])


def _seen(found: tuple[Difference, ...] | None) -> Iterator[Ground]:
    if found is None:
        yield Ground(level=Risk.MEDIUM, message="what changes in the pod template could not be seen")
        return
    for area, group in groupby(sorted(found, key=lambda each: each.area), key=lambda each: each.area):
        parts = list(group)
        if area is Area.IMAGE:
            yield from (_image(part) for part in parts)
            continue
        more = f" and {len(parts) - _MOST_NAMED} more" if len(parts) > _MOST_NAMED else ""
        names = ", ".join(named(part) for part in parts[:_MOST_NAMED])[:200]
        yield Ground(level=Risk.LOW if area is Area.METADATA else Risk.MEDIUM, message=f"{area}: {names}{more}")


def _image(part: Difference) -> Ground:
    old, new = _parted(part.old), _parted(part.new)
    text = f"image {part.old} → {part.new}"[:200]
    if old is None or new is None or old[0] != new[0]:
        return Ground(level=Risk.MEDIUM, message=f"{text}: another image")
    step = bump(old[1], new[1])
    if step is Bump.SAME:
        return Ground(level=Risk.LOW, message=f"{text}: the same tag with another digest; what is new in it cannot be seen")
    risk, why = _BUMPS[step]
    return Ground(level=risk, message=f"{text}: {why}")


def _parted(image: object) -> tuple[str, str] | None:
    """Name and tag of an image; no tag is the tag latest."""
    if not isinstance(image, str):
        return None
    name, _, tag = image.partition("@")[0].rpartition(":")
    return (name, tag) if name and "/" not in tag else (image.partition("@")[0], "latest")
