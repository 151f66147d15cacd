"""Samples as Prometheus' remote-write protocol takes them: protobuf in a snappy block, so that times, NaN and stale markers
arrive exactly as they are. Only encoding; nothing is sent from here.
"""

import struct
from collections.abc import Iterable, Mapping

from playground.prometheus.series import Samples, is_stale

_STALE = b"\x02\x00\x00\x00\x00\x00\xf0\x7f"
"""Prometheus' own marker."""
_LITERAL = 1 << 16


def encoded(series: Iterable[Samples]) -> bytes:
    """The body of one request."""
    return _snappy(b"".join(_field(1, _series(one)) for one in series))


def _series(one: Samples) -> bytes:
    labels = b"".join(_field(1, _label(name, value)) for name, value in sorted(one.labels.items()))
    samples = (_sample(at, value) for at, value in zip(one.times, one.values, strict=True))
    return labels + b"".join(_field(2, sample) for sample in samples)


def _label(name: str, value: str) -> bytes:
    return _field(1, name.encode()) + _field(2, value.encode())


def _sample(at: int, value: float) -> bytes:
    bits = _STALE if is_stale(value) else struct.pack("<d", value)
    return b"\x09" + bits + b"\x10" + _varint(at)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _snappy(content: bytes) -> bytes:
    """Uncompressed literals: a block that every decoder takes."""
    parts = (content[start : start + _LITERAL] for start in range(0, len(content), _LITERAL))
    return _varint(len(content)) + b"".join(b"\xf4" + struct.pack("<H", len(part) - 1) + part for part in parts)


HEADERS: Mapping[str, str] = {
    "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0",
}  # fmt: skip
