"""Protocol Buffers: one pair of files for each rule of what is safe and what breaks, and files that are none."""

import shutil
import stat
from pathlib import Path

import pytest

from controller.cli.contracts import compare
from controller.contracts import program
from strategies.review.contracts import Compared
from strategies.spec.change import Change
from tests.review.subjects import TODAY

OLD = """syntax = "proto3";
package shop;
service Orders { rpc Get(Key) returns (Order); rpc Put(Order) returns (Key); }
message Key { string id = 1; }
message Order { string id = 1; int32 total = 2; Size size = 3; }
message Sold { string id = 1; }
message Unused { string id = 1; }
message Event { oneof kind { Sold sold = 1; } }
enum Size { SMALL = 0; LARGE = 1; }
"""
PROTO2 = 'syntax = "proto2"; message M { required int32 a = 1; optional int32 b = 2 [default = 1]; }'
SAFE = {
    "endpoint added": (
        "service Orders {",
        "service Orders { rpc List(Key) returns (Key);",
        'RPC "List" on service "Orders" was added',
    ),
    "service added": ("message Key", "service S {} message Key", 'service "S" was added'),
    "message added": ("message Sold", "message Lost {} message Sold", 'message "Lost" was added'),
    "optional field added": (
        "Size size = 3;",
        "Size size = 3; string n = 4;",
        'field "4" with name "n" on message "Order" was added',
    ),
    "new event type": ("sold = 1;", "sold = 1; Key k = 2;", 'field "2" with name "k" on message "Event" was added'),
    "widened: one value more": ("LARGE = 1;", "LARGE = 1; HUGE = 2;", 'enum value "2" on enum "Size" was added'),
}  # fmt: skip
BREAKING = {
    "endpoint removed": ("rpc Put(Order) returns (Key);", "", 'Previously present RPC "Put" on service "Orders" was deleted'),
    "endpoint renamed": ("rpc Put", "rpc Set", 'Previously present RPC "Put" on service "Orders" was deleted'),
    "field removed": ("int32 total = 2;", "", 'Previously present field "2" with name "total" on message "Order" was deleted'),
    "field removed and reserved": ("int32 total = 2;", 'reserved 2; reserved "total";', 'Previously present field "2"'),
    "field renamed": ("total = 2", "sum = 2", 'Field "2" on message "Order" changed name from "total" to "sum"'),
    "message removed": ("message Unused { string id = 1; }", "", 'Previously present message "Unused" was deleted'),
    "type changed": ("int32 total", "string total", 'Field "2" with name "total" on message "Order" changed type'),
    "one becomes many": ("int32 total", "repeated int32 total", 'Field "2" with name "total" on message "Order" changed card'),
    "meaning changed: number": ("total = 2", "total = 9", 'Previously present field "2" with name "total"'),
    "meaning changed: value": ("LARGE = 1", "HUGE = 1", 'Enum value "1" on enum "Size" changed name from "LARGE" to "HUGE"'),
    "meaning changed: stream": ("(Order);", "(stream Order);", 'RPC "Get" on service "Orders" changed from server unary'),
    "tightened: one value less": ("LARGE = 1;", "", 'Previously present enum value "1" on enum "Size" was deleted'),
    "event type removed": ("Sold sold = 1;", "Key key = 2;", 'Previously present field "1" with name "sold" on message "Event"'),
    "package renamed": ("package shop", "package store", 'File package changed from "shop" to "store"'),
}  # fmt: skip


def compared(old: str, new: str) -> Compared:
    """As a Release declares it."""
    contract = {"type": "Protobuf", "configMap": "api", "key": "orders.proto"}
    change = Change.model_validate({"kind": "Feature", "contracts": [contract]})
    (found,) = compare(change, lambda _: old, lambda _: new, TODAY, None)
    return found


def pair(old: str, new: str) -> Compared:
    """OLD against itself with one thing changed, which must be there once."""
    assert OLD.count(old) == 1
    return compared(OLD, OLD.replace(old, new))


@pytest.mark.parametrize(("old", "new", "said"), SAFE.values(), ids=SAFE.keys())
def test_what_is_safe_is_told_and_breaks_nothing(old: str, new: str, said: str) -> None:
    """And it is the only difference."""
    assert pair(old, new) == Compared(name="api", safe=(said,))


@pytest.mark.parametrize(("old", "new", "said"), BREAKING.values(), ids=BREAKING.keys())
def test_what_breaks_is_told_with_its_path(old: str, new: str, said: str) -> None:
    """Whatever else comes with it."""
    found = pair(old, new).breaking
    assert [line for line in found if line.startswith(said)], found


def test_proto2_has_rules_of_its_own() -> None:
    """Required fields and defaults."""
    assert compared(PROTO2, PROTO2) == Compared(name="api")
    assert any("required" in line for line in compared(PROTO2, PROTO2.replace("}", "required int32 c = 3; }")).breaking)
    assert any("default" in line for line in compared(PROTO2, PROTO2.replace("default = 1", "default = 2")).breaking)


def test_what_is_no_file_is_told() -> None:
    """Which of the two, and why; an import of something else is never taken for nothing."""
    assert compared("hello", OLD).problem.startswith("the older one is no Protocol Buffers file that stands alone: line 1: ")
    assert compared(OLD, "hello").problem.startswith("the newer one is no Protocol Buffers file that stands alone: line 1: ")
    other = OLD.replace("package shop;", 'package shop; import "other.proto";')
    assert compared(OLD, other).problem.endswith("stands alone: line 2: imported file does not exist")
    known = OLD.replace("package shop;", 'package shop; import "google/protobuf/timestamp.proto";')
    assert compared(known, known).problem == ""


def test_without_the_tool_nothing_counts_as_compatible(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert compared(OLD, OLD).problem == "not compared, as buf is not on the PATH; pip install buf-bin"


@pytest.mark.parametrize("script", ["exit 1", "exit 100", "echo hello", "echo 1; exit 100", "echo '{}'; exit 100", "kill -9 $$",
                                    """echo '{"type":"X","message":"a"}'"""])  # fmt: skip
def test_whatever_the_tool_says_is_no_pass_unless_it_is_a_list_of_differences(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exit code and its words have to agree."""
    tool = tmp_path / "buf"
    tool.write_text(f"#!/bin/sh\necho why >&2\n{script}\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert compared(OLD, OLD).problem == "not compared: buf says: why"


def test_what_takes_too_much_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the tool's own words."""
    monkeypatch.setattr(program, "_BOUNDED", 'shift; ulimit -v 100000; exec "$@"')
    assert compared(OLD, OLD).problem.startswith("not compared: buf says: ")
