"""What the step from one version to the next announces, by semantic versioning."""

from enum import StrEnum

from semver import Version


class Bump(StrEnum):
    """The step between two versions. Unknown: one of them is not known, or is none of semantic versioning."""

    SAME = "Same"
    PATCH = "Patch"
    MINOR = "Minor"
    MAJOR = "Major"
    BACKWARDS = "Backwards"
    UNKNOWN = "Unknown"


def parse(text: str | None) -> Version | None:
    """`2.4.0` or `v2.4.0-rc.1`; None for what has not all three numbers."""
    try:
        return Version.parse((text or "").removeprefix("v"))
    except ValueError:
        return None


def bump(old: str | None, new: str | None) -> Bump:
    """The step from `old` to `new`. The same text is the same version, whatever its form."""
    if old and old == new:
        return Bump.SAME
    before, after = parse(old), parse(new)
    if before is None or after is None:
        return Bump.UNKNOWN
    if after < before:
        return Bump.BACKWARDS
    if after.major != before.major:
        return Bump.MAJOR
    return Bump.MINOR if after.minor != before.minor else Bump.PATCH


def may_break(old: str | None, new: str | None) -> bool:
    """Whether the step says that something breaks: a major one, and before 1.0.0 a minor one."""
    before, step = parse(old), bump(old, new)
    return step is Bump.MAJOR or (step is Bump.MINOR and before is not None and before.major == 0)
