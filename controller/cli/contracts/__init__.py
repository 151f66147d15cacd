"""Contracts, compared by the field's own tools: each language has one adapter, which turns the tool's findings into two lists.

A tool that is not there, a contract that is none, and one that takes too much, are told; none of them counts as compatible.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date

from controller.cli.contracts import library, protobuf, sql
from controller.contracts import openapi
from controller.contracts.program import Lists, NotCompared
from strategies.analysis.verdict import Unknown
from strategies.review.contracts import Compared, Period, accept
from strategies.spec.change import Change, Contract, ContractType

Find = Callable[[Contract], str | Unknown | None]
_ROOM = 2**20
"""Bytes: what a ConfigMap can hold."""
_ADAPTERS: dict[ContractType, Callable[[str, str], Lists]] = {
    ContractType.GRAPHQL: library.Library(module="graphql", distribution="graphql-core").compare,
    ContractType.AVRO: library.Library(module="avro", distribution="avro").compare,
    ContractType.PROTOBUF: protobuf.compare,
    ContractType.SQL: sql.compare,
}


def compare(
    change: Change | None, older: Find, newer: Find, today: date, period: Period | Unknown | None
) -> tuple[Compared, ...]:
    """Each declared contract, compared. `older` and `newer` give its text, None where there is none, or why not; `period` is for
    how long what is deprecated stays.
    """
    declared = change.contracts if change else ()
    holders = Counter(each.config_map for each in declared)
    names = [each.config_map if holders[each.config_map] == 1 else f"{each.config_map}/{each.key}" for each in declared]
    found = (_compare(name, each, older(each), newer(each), period) for name, each in zip(names, declared, strict=True))
    return tuple(accept(made, each.accepted, today) for made, each in zip(found, declared, strict=True))


def _compare(
    name: str, contract: Contract, old: str | Unknown | None, new: str | Unknown | None, period: Period | Unknown | None
) -> Compared:
    if contract.type is not ContractType.OPENAPI:
        period = None  # In no other language has a deprecation a date.
    for given in (old, new, period):
        if isinstance(given, Unknown):
            return Compared(name=name, problem=given.message)
    assert not isinstance(old, Unknown) and not isinstance(new, Unknown) and not isinstance(period, Unknown)
    if new is None:
        where = f"ConfigMap {contract.config_map} with the key {contract.key}"
        return Compared(name=name, problem=f"{where} is nowhere; name the file that has it")
    if contract.type is ContractType.SQL:
        old = old or ""  # Migrations are a difference by themselves: the first ones, too.
    if old is None:
        return Compared(name=name, first=True)
    for which, text in (("older", old), ("newer", new)):
        if not text.strip() and contract.type is not ContractType.SQL:
            return Compared(name=name, problem=f"the {which} one is empty")
        if len(text.encode()) > _ROOM:
            return Compared(name=name, problem=f"the {which} one is larger than the 1 MiB that a ConfigMap can hold")
    try:
        if contract.type is ContractType.OPENAPI:
            breaking, safe = openapi.compare(old, new, period=period)
        else:
            breaking, safe = _ADAPTERS[contract.type](old, new)
    except NotCompared as why:
        return Compared(name=name, problem=str(why))
    return Compared(name=name, breaking=breaking, safe=safe)
