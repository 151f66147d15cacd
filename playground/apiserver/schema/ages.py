"""Lengths of time as kubectl shows them: 5s, 3m20s, 2d4h."""

from playground.apiserver.objects import moment_of

UNKNOWN = "<unknown>"


def age(text: str | None, now: float) -> str:
    """How long ago a time in RFC 3339 was."""
    return UNKNOWN if not text else human(now - moment_of(text))


def human(seconds: float) -> str:
    """A length of time: two units while the second one matters."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 120:
        return f"{max(whole, 0)}s"
    minutes, hours = whole // 60, whole // 3600
    if minutes < 180:
        return _two(minutes, "m", whole % 60, "s") if minutes < 10 else f"{minutes}m"
    if hours < 48:
        return _two(hours, "h", minutes % 60, "m") if hours < 8 else f"{hours}h"
    days = hours // 24
    if days < 730:
        return _two(days, "d", hours % 24, "h") if days < 8 else f"{days}d"
    return _two(days // 365, "y", days % 365, "d") if days < 2920 else f"{days // 365}y"


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"
