"""Regular expressions and formats of strings, read as Go reads them.

`$` is the very end of the text and not before a last newline, classes are ASCII. What RE2 cannot do is not refused here.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """The text as it is written, and what finds it."""

    text: str
    found_in: Callable[[str], object]


@cache
def compiled(text: str) -> Pattern:
    """A pattern that may match anywhere in a string. Raises ValueError for one that is none."""
    try:
        return Pattern(text=text, found_in=re.compile(_translated(text), re.ASCII).search)
    except re.error as problem:
        raise ValueError(f"error parsing regexp: {problem}: `{text}`") from problem


_PIECES = re.compile(r"\\.|\[\^?\]?|.", re.DOTALL)


def _translated(text: str) -> str:
    """In Python's notation. Within a class `[` is a letter, and a `]` that comes first, too."""
    made, in_class = [], False
    for piece in _PIECES.findall(text):
        if in_class:
            in_class = piece != "]"
            made.append("\\" + piece if piece[0] == "[" else piece)
        else:
            in_class = piece[0] == "["
            made.append({"$": r"\Z", r"\z": r"\Z"}.get(piece, piece))
    return "".join(made)


_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def go_duration(text: str) -> float:
    """Seconds of a duration as Go writes them (1h30m, 500ms, 0). Raises ValueError."""
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text[1:] if text[:1] == "+" else text)
    if rest == "0":
        return 0.0
    parts = _DURATION_PART.findall(rest)
    if not parts or "".join(number + unit for number, unit in parts) != rest:
        raise ValueError(f'time: invalid duration "{text}"')
    return sign * sum(float(number) * _UNITS[unit] for number, unit in parts)


_TIME = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))")
_LOOSE_DURATION = re.compile(r"\d+\s*(ns|nano|us|µs|micro|ms|milli|s\b|sec|m\b|min|h\b|hr|hour|d\b|day|w\b|wk|week)", re.I)


def _is_date(text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)) and _parses(date.fromisoformat, text)


def _is_date_time(text: str) -> bool:
    day, _, time = text.lower().partition("t")
    found = _TIME.fullmatch(time)
    return _is_date(day) and bool(found) and found[1] <= "23" and found[2] <= "59" and found[3] <= "59"  # type: ignore[index]


def _is_duration(text: str) -> bool:
    return _parses(go_duration, text) or bool(_LOOSE_DURATION.search(text))


def _is_uri(text: str) -> bool:
    return _parses(urlsplit, text) and (text.startswith("/") or "://" in text)


def _parses(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, binascii.Error):
        return False
    return True


def _matches(pattern: str) -> Callable[[str], bool]:
    found = re.compile(pattern)
    return lambda text: found.fullmatch(text) is not None


_HEX = "[0-9a-fA-F]"
_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "datetime": _is_date_time,
    "date": _is_date,
    "duration": _is_duration,
    "uri": _is_uri,
    "email": _matches(r"[^@\s]+@[^@\s]+"),
    "hostname": _matches(r"[A-Za-z0-9](-?[A-Za-z0-9]{0,62})?|([A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"),
    "ipv4": lambda text: _parses(ipaddress.IPv4Address, text),
    "ipv6": lambda text: _parses(ipaddress.IPv6Address, text),
    "cidr": lambda text: "/" in text and _parses(lambda t: ipaddress.ip_network(t, strict=False), text),
    "mac": _matches(rf"{_HEX}{{2}}([:-]{_HEX}{{2}}){{5}}"),
    "uuid": _matches(rf"{_HEX}{{8}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{12}}"),
    "byte": lambda text: _parses(lambda t: base64.b64decode(t, validate=True), text),
}


def has_format(text: str, name: str) -> bool:
    """Whether a string is of a format; formats that are not known here take every string."""
    known = _FORMATS.get(name.replace("-", ""))
    return known is None or known(text)
