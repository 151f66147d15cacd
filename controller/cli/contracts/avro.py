"""Avro schemas, by Apache Avro's own rules of resolution: each schema has to read what the other has written.

Run as a script (library.py) in a folder with the files `old` and `new`; imports nothing of ours. The library decides which data
can be read. Where that is, and what can be read but no longer means the same, is found by going through both side by side.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException, IgnoredLogicalType
from avro.schema import ArraySchema, EnumSchema, MapSchema, RecordSchema, Schema, UnionSchema, parse

_MEANING = ("logicalType", "precision", "scale")


def compare(old: str, new: str) -> dict[str, object]:
    """The two lists, or the problem."""
    schemas: list[Schema] = []
    warnings.simplefilter("ignore", IgnoredLogicalType)
    for which, text in (("older", old), ("newer", new)):
        try:
            schemas.append(parse(text))
        except (AvroException, ValueError, TypeError, AttributeError, RecursionError) as error:
            reason = " ".join(str(error).split())
            return {"problem": f"the {which} one is no Avro schema: {reason[:150]}"}
    found = _Comparison()
    found.walk(schemas[0], schemas[1], getattr(schemas[0], "name", schemas[0].type))
    if not found.breaking:
        found.resolve(schemas[0], schemas[1], "the whole schema")
    return {"breaking": found.breaking, "safe": found.safe}


class _Comparison:
    """Goes through two schemas side by side, and through each pair of types once."""

    def __init__(self) -> None:
        self.breaking: list[str] = []
        self.safe: list[str] = []
        self._seen: set[tuple[int, int]] = set()

    def walk(self, old: Schema, new: Schema, path: str) -> None:
        """Compare what stands at one place of both."""
        if (id(old), id(new)) in self._seen:
            return
        self._seen.add((id(old), id(new)))
        if isinstance(old, RecordSchema) and isinstance(new, RecordSchema):
            self._records(old, new, path)
        elif isinstance(old, ArraySchema) and isinstance(new, ArraySchema):
            self.walk(old.items, new.items, f"{path}[]")
        elif isinstance(old, MapSchema) and isinstance(new, MapSchema):
            self.walk(old.values, new.values, f"{path}{{}}")
        elif isinstance(old, UnionSchema) or isinstance(new, UnionSchema):
            self._unions(old, new, path)
        else:
            self._values(old, new, path)

    def _records(self, old: RecordSchema, new: RecordSchema, path: str) -> None:
        if old.name != new.name:
            self.breaking.append(f"{path}: record {old.name} is now {new.name}")
        before, after = old.fields_dict, new.fields_dict
        for name, field in before.items():
            where = f"{path}.{name}"
            if name not in after:
                unread = "" if field.has_default else "; older readers have no default for it"
                self.breaking.append(f"{where}: removed, or renamed{unread}")
                continue
            if field.has_default and (not after[name].has_default or field.default != after[name].default):
                self.breaking.append(f"{where}: its default {'has changed' if after[name].has_default else 'is gone'}")
            elif after[name].has_default and not field.has_default:
                self.safe.append(f"{where}: has a default now")
            self.walk(field.type, after[name].type, where)
        for name in sorted(after.keys() - before.keys()):
            if after[name].has_default:
                self.safe.append(f"{path}.{name}: added, with a default")
            else:
                self.breaking.append(f"{path}.{name}: added without a default, so newer readers cannot read older data")

    def _unions(self, old: Schema, new: Schema, path: str) -> None:
        before, after = _branches(old), _branches(new)
        if differing := sorted(before.keys() ^ after.keys()):
            self.resolve(old, new, f"{path} ({', '.join(differing)})")
        for name in sorted(before.keys() & after.keys()):
            self.walk(before[name], after[name], path if len(before) <= 2 else f"{path}({name})")

    def _values(self, old: Schema, new: Schema, path: str) -> None:
        if not self.resolve(old, new, path):
            return
        was, now = _meaning(old), _meaning(new)
        if was != now:
            self.breaking.append(f"{path}: {was} is now {now}")
        elif isinstance(old, EnumSchema) and isinstance(new, EnumSchema):
            added, gone = ([each for each in one.symbols if each not in other.symbols] for one, other in ((new, old), (old, new)))
            self.safe += [f"{path}: {each} added, the default to older readers" for each in added]
            self.safe += [f"{path}: {each} removed, the default to newer readers" for each in gone]

    def resolve(self, old: Schema, new: Schema, path: str) -> bool:
        """Whether each can read what the other has written; if not, it breaks."""
        newer, older = _unreadable(new, old), _unreadable(old, new)
        if newer and older:
            self.breaking.append(f"{path}: neither can older data be read, nor newer data by older readers: {newer}")
        elif newer:
            self.breaking.append(f"{path}: newer readers cannot read older data: {newer}")
        elif older:
            self.breaking.append(f"{path}: older readers cannot read newer data: {older}")
        return not (newer or older)


def _branches(schema: Schema) -> dict[str, Schema]:
    """By name; what is no union is the only branch of one."""
    every = schema.schemas if isinstance(schema, UnionSchema) else [schema]
    return {getattr(each, "fullname", None) or each.type: each for each in every}


def _unreadable(reader: Schema, writer: Schema) -> str:
    """Why the one cannot read what the other has written; empty if it can."""
    found = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)  # type: ignore[no-untyped-call]
    if found.compatibility is not SchemaCompatibilityType.incompatible:
        return ""
    kinds = " and ".join(sorted({kind.value.replace("_", " ") for kind in found.incompatibilities}))
    return f"{kinds} ({'; '.join(sorted(found.messages))})"


def _meaning(schema: Schema) -> str:
    meant: list[Any] = [schema.props.get(name) for name in _MEANING]
    return " ".join([schema.type, *(str(each) for each in meant if each is not None)])


if __name__ == "__main__":
    sys.setrecursionlimit(5_000)
    json.dump(compare(*(Path(name).read_text(encoding="utf-8") for name in ("old", "new"))), sys.stdout)
