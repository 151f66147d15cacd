"""Flags in flagd's form, as the text of a ConfigMap: where each one's default stands, and the text with another one.

Only the one word is exchanged, so that the owner's order, comments and spaces stay. The text is read as a stream of events, JSON
being YAML: nothing is built of it, so that no text, however deep or however often it names itself, costs more than its length.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from strategies.world.observation import FlagSeen

LONGEST = 262_144
"""Characters of a text that is still read: a file of flags is far shorter, and the turns of all Releases wait for the reading."""
_DEEPEST = 50
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Path = tuple[str, ...]


class Unusable(Exception):
    """The text is none of flagd's; the message says why."""


@dataclass(slots=True)
class Found:
    """A flag as the text has it; `start` and `end` are where its default stands, -1 without one."""

    state: str = "ENABLED"
    variants: list[str] = field(default_factory=list)
    default: str = ""
    start: int = -1
    end: int = -1
    targeted: bool = False


def read(text: str) -> dict[str, Found]:
    """The flags of a text by name. Raises Unusable."""
    if len(text) > LONGEST:
        raise Unusable(f"it has {len(text)} characters, and {LONGEST} at most are read")
    flags: dict[str, Found] = {}
    root = False
    try:
        for path, scalar in _values(text):
            root = root or path[:1] == ("flags",)
            if len(path) > 1 and path[0] == "flags":
                _note(flags.setdefault(path[1], Found()), path[2:], scalar)
    except yaml.YAMLError as error:
        raise Unusable(f"it is neither JSON nor YAML: {' '.join(str(error).split())[:200]}") from error
    if not root:
        raise Unusable('it has no "flags" at its top, as flagd wants them')
    return flags


def _note(flag: Found, path: Path, scalar: Any) -> None:
    if path == ("state",) and scalar is not None:
        flag.state = scalar.value
    elif path == ("defaultVariant",) and scalar is not None:
        flag.default, flag.start, flag.end = scalar.value, scalar.start_mark.index, scalar.end_mark.index
    elif len(path) == 2 and path[0] == "variants":
        flag.variants.append(path[1])
    elif len(path) > 1 and path[0] == "targeting":
        flag.targeted = True


def _values(text: str) -> Any:
    """(path, the event of a scalar or None) of every value below a mapping; what is in a list has the list's path."""
    # JSON may be indented by tabs, YAML may not; JSON's texts have none, so that every place stays.
    plain = text.replace("\t", " ") if text.lstrip().startswith("{") else text
    stack: list[_Level] = []
    documents = 0
    for event in yaml.parse(plain, Loader=_LOADER):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Unusable("it is more than one document")
        elif isinstance(event, yaml.AliasEvent):
            raise Unusable(f"it refers to another part of itself by *{event.anchor}; write that out")
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            stack.pop()
        elif isinstance(event, (yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            level = stack[-1] if stack else None
            scalar = event if isinstance(event, yaml.ScalarEvent) else None
            if level is not None and level.wants_key:
                level.begin(scalar)
                continue
            path = level.path if level is not None else ()
            if level is not None:
                yield path, scalar
                level.end()
            if scalar is None:
                if len(stack) == _DEEPEST:
                    raise Unusable(f"it is nested deeper than {_DEEPEST} levels")
                stack.append(_Level(path=path, mapping=isinstance(event, yaml.MappingStartEvent)))


class _Level:
    """A mapping or list that is being read: at which path, and in a mapping under which key."""

    def __init__(self, *, path: Path, mapping: bool) -> None:
        self._path, self._mapping = path, mapping
        self._key: str | None = None
        self._seen: set[str] = set()

    @property
    def wants_key(self) -> bool:
        return self._mapping and self._key is None

    @property
    def path(self) -> Path:
        return self._path if self._key is None else (*self._path, self._key)

    def begin(self, key: Any) -> None:
        if key is None:
            raise Unusable("a key is a mapping or a list")
        if key.value in self._seen:
            raise Unusable(f"it has the key {key.value} twice, in line {key.start_mark.line + 1}")
        self._seen.add(key.value)
        self._key = key.value

    def end(self) -> None:
        self._key = None


def seen(flags: dict[str, Found], name: str) -> FlagSeen:
    """One flag as a value."""
    found = flags.get(name)
    return missing(flags) if found is None else judged(found.state, found.variants, found.default, targeted=found.targeted)


def missing(flags: Iterable[str]) -> FlagSeen:
    """A flag that is not among these."""
    return FlagSeen(variant=None, problem=f"there is no such flag; there are: {', '.join(sorted(flags)[:10]) or 'none'}.")


def judged(state: str, variants: list[str], default: str, *, targeted: bool) -> FlagSeen:
    """A flag by its parts, with what keeps it from being switched."""
    problem = None
    if state != "ENABLED":
        problem = f"its state is {state}, so that nobody gets a variant of it; write ENABLED."
    elif not default:
        problem = "it has no defaultVariant; write one, usually the one for after a rollback."
    elif targeted:
        problem = ("it has targeting, which decides before the default, so that a rollback could not be sure to switch it off; "
                   "take targeting out while a release switches the flag.")  # fmt: skip
    return FlagSeen(variant=default or None, variants=tuple(variants), problem=problem)


def switched(text: str, name: str, variant: str) -> str:
    """The text with this default. Raises Unusable where the flag, or its default, is not there."""
    found = read(text).get(name)
    if found is None or found.start < 0:
        raise Unusable(f"it has no default of flag {name}")
    return text[: found.start] + json.dumps(variant) + text[found.end :]
