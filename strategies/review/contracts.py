"""What a comparison of contracts has found, whatever tool has made it: the port of all of them.

A tool's own words and levels end where it is called; here are two lists, and why there are none.
"""

from dataclasses import dataclass

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An old and a new contract. `problem` says why they could not be compared; `first` that there is no older one."""

    name: str
    breaking: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()
    problem: str = ""
    first: bool = False


def broken(contracts: tuple[Compared, ...] | None) -> tuple[str, ...]:
    """What those who use the old contracts would miss, in words; not more than can be read."""
    lines = []
    for contract in contracts or ():
        lines += [f"contract {contract.name}: {text[:100]}" for text in contract.breaking[:_SHOWN]]
        if len(contract.breaking) > _SHOWN:
            lines.append(f"contract {contract.name}: {len(contract.breaking) - _SHOWN} more that break")
    return tuple(lines)


def problems(contracts: tuple[Compared, ...] | None) -> tuple[str, ...]:
    """Why contracts could not be compared."""
    return tuple(f"contract {each.name}: {each.problem}" for each in contracts or () if each.problem)


def unbroken(contracts: tuple[Compared, ...]) -> str:
    """What was compared, where nothing breaks."""
    return ", ".join(
        f"contract {each.name} ({'the first one' if each.first else f'{len(each.safe)} additions' if each.safe else 'the same'})"
        for each in contracts
    )
