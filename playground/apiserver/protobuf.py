"""Request bodies in protobuf, made into JSON: `kubectl create deployment` and `kubectl auth can-i` send nothing else.

Answers are always JSON, which every client takes. Only what clients send is read: no status, no exotic volumes.
"""

import base64
import re
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from playground.apiserver.objects import Object, timestamp
from playground.apiserver.protobuf_fields import FIELDS
from playground.apiserver.schema.builtins import read_list, read_map, types

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_ZERO_MEANS_SOMETHING = {
    "replicas", "gracePeriodSeconds", "terminationGracePeriodSeconds", "automountServiceAccountToken", "enableServiceLinks",
    "allowPrivilegeEscalation", "runAsNonRoot", "controller", "blockOwnerDeletion", "orphanDependents",
}  # fmt: skip
_Fields = Mapping[int, tuple[str, str]]


class Undecodable(ValueError):
    """Not protobuf of Kubernetes, or of a message that is not known here."""


def decoded(body: bytes) -> Object:
    """The object in the envelope that Kubernetes puts around it. Raises Undecodable."""
    if not body.startswith(_MAGIC):
        raise Undecodable("the body does not begin as protobuf of Kubernetes does")
    try:
        envelope = dict(_parts(body[len(_MAGIC) :]))
        about = {number: value.decode() for number, value in _parts(envelope[1])}
        kind = about.get(2, "")
        if kind not in _messages():
            raise Undecodable(f"the playground reads no protobuf of kind {kind!r}: use a manifest, which is sent as JSON")
        return {"apiVersion": about.get(1, ""), "kind": kind} | _message(envelope.get(2, b""), kind)
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as problem:
        raise Undecodable(f"malformed protobuf: {problem}") from problem


@cache
def _messages() -> Mapping[str, _Fields]:
    text = re.sub(r"\n {4}", " ", FIELDS)
    return {name: dict(_numbered(name, rest)) for name, _, rest in (line.partition(":") for line in text.split("\n") if line)}


def _numbered(message: str, rest: str) -> Iterator[tuple[int, tuple[str, str]]]:
    known, number = types().get(message), 0
    for token in rest.split():
        if token.startswith("."):
            number += int(token[1:]) if token[1:].isdigit() else len(token)
            continue
        number += 1
        name, _, kind = token.partition(":")
        field = known.fields.get(name) if known else None
        yield number, (name, kind or (field.type if field else "any"))


def _message(data: bytes, name: str, types_of: str = "") -> Object:
    """`types_of`: where the fields' types are, when this is a part that JSON does not nest."""
    found: Object = {}
    fields = _messages().get(name, {})
    outer = types().get(types_of)
    for number, value in _parts(data):
        field, kind = fields.get(number, ("", ""))
        if field.startswith("^"):
            found |= _message(value, field[1:], name)
            continue
        if outer is not None and field in outer.fields:
            kind = outer.fields[field].type
        if field:
            _put(found, field, kind, value)
    return found


def _put(found: Object, field: str, kind: str, value: Any) -> None:
    if (listed := read_list(kind)) is not None:
        found.setdefault(field, []).append(_value(value, listed.item))
    elif (mapped := read_map(kind)) is not None:
        entry = dict(_parts(value))
        found.setdefault(field, {})[entry.get(1, b"").decode()] = _value(entry.get(2, b""), mapped[0])
    else:
        made = _value(value, kind)
        if made is not None and (made not in ("", 0) or field in _ZERO_MEANS_SOMETHING):
            found[field] = made


def _value(value: Any, kind: str) -> Any:
    if kind[0] == "[":
        return [part.decode() for _, part in _parts(value)]
    if kind[0].isupper():
        return _message(value, kind.rstrip("?*!"))
    if kind in ("time", "microtime"):
        return _time(value, with_micros=kind == "microtime")
    if kind == "quantity":
        return dict(_parts(value)).get(1, b"0").decode()
    if kind == "intstr":
        parts = dict(_parts(value))
        return parts.get(3, b"").decode() if parts.get(1) else _signed(parts.get(2, 0))
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if isinstance(value, bytes):
        return value.decode()
    return bool(value) if kind == "boolean" else _signed(value)


def _time(value: bytes, *, with_micros: bool) -> str | None:
    parts = dict(_parts(value))
    if not parts.get(1):
        return None
    text = timestamp(parts[1])
    return f"{text[:-1]}.{parts.get(2, 0) // 1000:06}Z" if with_micros else text


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _parts(data: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a message: number, and an integer or bytes."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        wire = tag & 7
        if wire == _VARINT:
            value, position = _varint(data, position)
            yield tag >> 3, value
            continue
        if wire == _BYTES:
            size, position = _varint(data, position)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise Undecodable(f"malformed protobuf: wire type {wire}")
        if position + size > len(data):
            raise Undecodable("malformed protobuf: it ends too early")
        yield tag >> 3, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
