"""Manifests as `kubectl apply` reads them, with the line and column of every key and value.

YAML means here what it means to kubectl (1e3 is a number, 1:30 is text, 5.0 is 5), and a document that is broken does not
hide the others of its file. What the objects mean is not known here, and nothing here raises for what a file contains.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from yaml.composer import Composer
from yaml.error import MarkedYAMLError, YAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

Path = tuple[str | int, ...]
_MOST_VALUES = 200_000
"""Aliases can make a small file as large as they like; no manifest is."""
_DEEPEST = 100
_TAG = "tag:yaml.org,2002:"
_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a file; the first line is 1, the first column is 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that kubectl would refuse before it looks at what the object means."""

    place: Place
    message: str
    path: Path = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document: its value as JSON would have it, where everything is, and what is wrong with its form."""

    value: Any
    nodes: Mapping[Path, Node]
    keys: Mapping[Path, Place]
    faults: tuple[Fault, ...]
    text: str
    offset: int

    def place(self, path: Path) -> Place:
        """Where to look for this: at a plain value itself, at the key of a larger one; of what is not there, what holds it."""
        while path and path not in self.nodes:
            path = path[:-1]
        node = self.nodes.get(path)
        if path in self.keys and not isinstance(node, ScalarNode):
            return self.keys[path]
        return Place(line=1 + self.offset, column=1) if node is None else _start(node, self.offset)

    def key(self, path: Path) -> Place:
        """Where the key stands, or else the value."""
        return self.keys.get(path) or self.place(path)

    def inside(self, path: Path, line: int, column: int) -> Place | None:
        """Where a character of a text stands, by its line and column in the text; None where folding or escapes hide it."""
        node = self.nodes.get(path)
        if not isinstance(node, ScalarNode):
            return None
        start, raw = _start(node, self.offset), self.text[node.start_mark.index : node.end_mark.index]
        if node.style == "|":
            content = raw.split("\n")[1:]
            indent = next((len(each) - len(each.lstrip(" ")) for each in content if each.strip()), 0)
            return Place(line=start.line + line, column=indent + column)
        quote = 1 if node.style in ("'", '"') else 0
        if line > 1 or raw[quote : len(raw) - quote] != node.value:
            return None
        return Place(line=start.line, column=start.column + quote + column - 1)


def read(text: str) -> Iterator[Document | Fault]:
    """The documents of a file, empty ones left out; a Fault in place of one that is no YAML."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    for part, offset in _parts(text):
        if part.removeprefix("---").lstrip().startswith("{"):
            part = part.replace("\t", " ")  # noqa: PLW2901  JSON may be indented by tabs, YAML may not; its strings have none
        try:
            for node in _compose(part):
                builder = _Builder(offset)
                value = builder.build(node, ())
                if value is not None:
                    yield Document(value=value, nodes=builder.nodes, keys=builder.keys, faults=tuple(builder.faults),
                                   text=part, offset=offset)  # fmt: skip
        except RecursionError:
            yield Fault(place=Place(line=1 + offset, column=1), message=f"nested deeper than {_DEEPEST} levels")
        except YAMLError as error:
            yield _broken(error, part, offset)


def show(path: Path) -> str:
    """A path as Kubernetes writes it: spec.gates[0].threshold, labels[app.kubernetes.io/name]."""
    written = ""
    for part in path:
        plain = isinstance(part, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", part)
        written += (f".{part}" if written else str(part)) if plain else f"[{part}]"
    return written


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """Text to nodes; values are not made here, so that each can be asked for its place."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)


# What plain scalars mean to kubectl, tried with 1.32; in this order.
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)$")
for _kind, _form, _first in (
    ("null", re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    ("bool", re.compile(r"(?:[yY]|yes|Yes|YES|[nN]|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$"),
     list("yYnNtTfFoO")),
    ("int", _INTEGER, list("-+0123456789")),
    ("float", re.compile(r"[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$|[-+]?\.(?:inf|Inf|INF)$"
                         r"|\.(?:nan|NaN|NAN)$"), list("-+0123456789.")),
    ("merge", re.compile(r"<<$"), ["<"]),
):  # fmt: skip
    _Loader.add_implicit_resolver(_TAG + _kind, _form, _first)


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """The file cut before each `---`, as kubectl cuts it; each part with the number of lines before it."""
    starts = [0, *(found.start() for found in _SEPARATOR.finditer(text) if found.start()), len(text)]
    for start, end in pairwise(starts):
        yield text[start:end], text.count("\n", 0, start)


def _compose(text: str) -> Iterator[Node]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield node
    finally:
        loader.dispose()


def _broken(error: YAMLError, text: str, offset: int) -> Fault:
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line, column = before.count("\n"), error.position - (before.rfind("\n") + 1)
        place = Place(line=line + 1 + offset, column=column + 1)
        return Fault(place=place, message=f"the character U+{_code(error.character):04X} may not stand in YAML")
    if isinstance(error, MarkedYAMLError) and (mark := error.problem_mark or error.context_mark) is not None:
        said = "; ".join(part for part in (error.problem, error.context) if part)
        return Fault(place=Place(line=mark.line + 1 + offset, column=mark.column + 1), message=f"no valid YAML: {said}")
    return Fault(place=Place(line=1 + offset, column=1), message=f"no valid YAML: {error}")


def _code(character: object) -> int:
    return character if isinstance(character, int) else ord(str(character)[:1] or "?")


def _start(node: Node, offset: int) -> Place:
    return Place(line=node.start_mark.line + 1 + offset, column=node.start_mark.column + 1)


class _Builder:
    """One document's value from its nodes."""

    def __init__(self, offset: int) -> None:
        self.nodes: dict[Path, Node] = {}
        self.keys: dict[Path, Place] = {}
        self.faults: list[Fault] = []
        self._offset = offset

    def build(self, node: Node, path: Path) -> Any:
        """The node's value; raises RecursionError for what is nested too deep or refers to itself."""
        if len(path) > _DEEPEST:
            raise RecursionError
        if len(self.nodes) >= _MOST_VALUES:
            raise YAMLError(f"more than {_MOST_VALUES} values")
        self.nodes[path] = node
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(each, (*path, number)) for number, each in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                merged.append(value_node)
                continue
            key = self._key(key_node, path)
            place = _start(key_node, self._offset)
            if key in made:
                first = self.keys[*path, key]
                message = f"the key {key} stands here a second time; the first is in line {first.line}"
                self._fault((*path, key), place, message)
                continue
            self.keys[*path, key] = place
            made[key] = self.build(value_node, (*path, key))
        for each in merged:
            self._merge(each, path, made)
        return made

    def _merge(self, node: Node, path: Path, made: dict[str, Any]) -> None:
        """`<<`: what the other mapping says, where this one says nothing itself."""
        if isinstance(node, SequenceNode):
            for each in node.value:
                self._merge(each, path, made)
            return
        other = _Builder(self._offset)
        found = other.build(node, path)
        if not isinstance(found, dict):
            self._fault(path, _start(node, self._offset), "<< takes a mapping")
            return
        missing = {key for key in found if key not in made}
        depth = len(path)
        self.nodes |= {p: n for p, n in other.nodes.items() if len(p) > depth and p[depth] in missing}
        self.keys |= {p: k for p, k in other.keys.items() if p[depth] in missing}
        made |= {key: found[key] for key in missing}

    def _key(self, node: Node, path: Path) -> str:
        if not isinstance(node, ScalarNode):
            self._fault(path, _start(node, self._offset), "a key must be text, not a list or a mapping")
            return "?"
        return _text(node.value)

    def _scalar(self, node: Node, path: Path) -> Any:
        text, kind = _text(node.value), str(node.tag).removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in ("y", "yes", "true", "on")
        if kind not in ("int", "float"):
            return text
        number = _number(text)
        if isinstance(number, float) and not math.isfinite(number):
            self._fault(path, _start(node, self._offset), f"{text} is no number that JSON can hold; write a finite one")
            return 0
        return number

    def _fault(self, path: Path, place: Place, message: str) -> None:
        self.faults.append(Fault(path=path, place=place, message=message))


def _number(text: str) -> int | float | str:
    """A whole number as int, even when written 5.0; the text itself when it is no number in spite of its tag."""
    bare = text.replace("_", "").lower()
    digits = bare.lstrip("+-")
    base = {"0b": 2, "0x": 16, "0o": 8}.get(digits[:2], 10)
    if base == 10 and re.fullmatch(r"0[0-7]+", digits):
        base = 8  # YAML 1.1: 017 is 15
    try:
        if _INTEGER.match(text) and len(digits) < 20:
            return int(bare, base) if base != 8 or "o" in digits else int(bare, 8)
        value = float(bare.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _text(value: str) -> str:
    """JSON writes a character beyond U+FFFF as a pair of surrogates; half of a pair is none."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
