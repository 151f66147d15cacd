"""Resource quantities in the one form in which Kubernetes writes them: `1000m` is `1`, `1024Mi` is `1Gi`.

Two templates that say the same amount must be equal as JSON, or a revision would be taken for new.
"""

import re
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])|[eE]([+-]?\d+))?")

NO_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The canonical form. Raises ValueError when it is no quantity."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(NO_QUANTITY)
    found = _amount(match)
    if match[2] in _BINARY and found == found.to_integral_value() and abs(found) >= 1024:
        return _binary(int(found))
    nano = int(found.scaleb(9).to_integral_value(ROUND_CEILING))
    return _decimal(nano, in_exponents=bool(match[3]))


def amount(text: str) -> Decimal:
    """How much it is. Raises ValueError when it is no quantity."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(NO_QUANTITY)
    return _amount(match)


def _amount(match: re.Match[str]) -> Decimal:
    number, suffix, exponent = Decimal(match[1]), match[2] or "", match[3]
    if suffix in _BINARY:
        return number * Decimal(1024 ** _BINARY[suffix])
    return number.scaleb(int(exponent) if exponent else _DECIMAL[suffix])


def _binary(amount: int) -> str:
    power = 0
    while amount and amount % 1024 == 0 and power < len(_BINARY):
        amount, power = amount // 1024, power + 1
    return f"{amount}{['', *_BINARY][power]}"


def _decimal(nano: int, *, in_exponents: bool) -> str:
    if nano == 0:
        return "0"
    power = -9
    while nano % 1000 == 0 and power < 18:
        nano, power = nano // 1000, power + 3
    if in_exponents:
        return f"{nano}e{power}" if power else str(nano)
    return f"{nano}{next(suffix for suffix, value in _DECIMAL.items() if value == power)}"
