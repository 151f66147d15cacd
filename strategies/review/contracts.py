"""What a comparison of contracts has found, whatever tool has made it: the port of all of them.

A tool's own words and levels end where it is called; here are two lists, and why there are none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from strategies.spec.change import Acceptance
from strategies.spec.metric_source import allows
from strategies.spec.policy import ReleasePolicySpec

_SHOWN, _LONGEST = 3, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An old and a new contract, each finding a sentence that begins with its path.

    `accepted` are sentences about what would break, with who answers for it; `lapsed` is what of `breaking` somebody did answer
    for, `idle` acceptances of what does not break. `problem` says why they could not be compared; `first` that there is no older
    one.
    """

    name: str
    breaking: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    lapsed: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    problem: str = ""
    first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """For how many days at least what is deprecated stays, and the ReleasePolicy that asks for it."""

    days: int
    policy: str


def longest(policies: Iterable[tuple[str, ReleasePolicySpec]], namespace: str) -> Period | None:
    """The longest period of the policies, each with its name, that are for a namespace; None where none has one."""
    asked = (Period(days=spec.deprecation_days, policy=name) for name, spec in policies
             if spec.deprecation_days and allows(spec.namespaces, namespace))  # fmt: skip
    return max(asked, key=lambda each: (each.days, each.policy), default=None)


def identity(sentence: str) -> str:
    """Of a finding: 8 hexadecimal digits, by which it can be accepted, and no other."""
    return sha256(sentence.encode()).hexdigest()[:8]


def accept(found: Compared, accepted: tuple[Acceptance, ...], today: date) -> Compared:
    """Take out of what breaks that which is accepted today."""
    named = {each.finding: each for each in accepted}
    known = {text: named[identity(text)] for text in found.breaking if identity(text) in named}
    valid = {text: each for text, each in known.items() if today.isoformat() <= each.until}
    return replace(
        found,
        breaking=tuple(text for text in found.breaking if text not in valid),
        accepted=tuple(f"{text[:_LONGEST]}: accepted by {e.by} until {e.until}: {e.because}" for text, e in valid.items()),
        lapsed=tuple(text for text in known if text not in valid),
        idle=() if found.problem or found.first else _idle(named, set(map(identity, found.breaking))),
    )


def _idle(named: Mapping[str, Acceptance], breaking: set[str]) -> tuple[str, ...]:
    return tuple(f"acceptance {digits} by {each.by}" for digits, each in named.items() if digits not in breaking)


def idle(contracts: tuple[Compared, ...]) -> tuple[str, ...]:
    """Acceptances that fit nothing, in words: misspelt ones, and those that are left over."""
    return tuple(f"contract {each.name}: {', '.join(each.idle)} fits nothing that breaks; correct it, or take it out"
                 for each in contracts if each.idle)  # fmt: skip


def broken(contracts: tuple[Compared, ...] | None) -> tuple[str, ...]:
    """What those who use the old contracts would miss, in words; not more than can be read."""
    lines = []
    for contract in contracts or ():
        for text in contract.breaking[:_SHOWN]:
            past = ", no longer accepted" if text in contract.lapsed else ""
            lines.append(f"contract {contract.name}: {text[:_LONGEST]} [{identity(text)}{past}]")
        if len(contract.breaking) > _SHOWN:
            lines.append(f"contract {contract.name}: {len(contract.breaking) - _SHOWN} more that break")
    return tuple(lines)


def problems(contracts: tuple[Compared, ...] | None) -> tuple[str, ...]:
    """Why contracts could not be compared."""
    return tuple(f"contract {each.name}: {each.problem}" for each in contracts or () if each.problem)


def unbroken(contracts: tuple[Compared, ...]) -> str:
    """What was compared, where nothing breaks."""
    return ", ".join(f"contract {each.name} ({_told(each)})" for each in contracts)


def _told(contract: Compared) -> str:
    if contract.first:
        return "the first one"
    additions = (f"{len(contract.safe)} additions",) if contract.safe else ()
    return "; ".join((*additions, *contract.accepted)) or "the same"
