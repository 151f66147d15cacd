"""SQL migrations: one for each rule of what is safe and what breaks, and documents that are none."""

import shutil
import stat
from pathlib import Path

import pytest

from controller.cli.contracts import compare
from strategies.review.contracts import Compared
from strategies.spec.change import Change
from tests.review.subjects import TODAY

OLD = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric NOT NULL);\n"
_QUIET = "the new statements: nothing that squawk knows to break"
SAFE = {
    "table added": ("CREATE TABLE sold (id bigint);", _QUIET),
    "index added": ("CREATE INDEX CONCURRENTLY i ON orders (total);", _QUIET),
    "optional field added": ("ALTER TABLE orders ADD COLUMN note text;", "line 2, ADD COLUMN note text: Adding a column"),
    "field with default added": ("ALTER TABLE orders ADD COLUMN n int DEFAULT 1;", "line 2, ADD COLUMN n int DEFAULT 1: "),
    "field with default that is never null": ("ALTER TABLE orders ADD COLUMN n int NOT NULL DEFAULT 1;", "line 2, ADD COLUMN"),
    "widened: a constraint less": ("ALTER TABLE orders DROP CONSTRAINT positive;", "line 2, DROP CONSTRAINT positive: "),
}
BREAKING = {
    "table removed": ("DROP TABLE orders;", "line 2, DROP TABLE orders: Dropping a table may break existing clients"),
    "table renamed": ("ALTER TABLE orders RENAME TO sold;", "line 2, RENAME TO sold: Renaming a table may break"),
    "view removed": ("DROP VIEW v;", "line 2, DROP VIEW v: "),
    "function removed": ("DROP FUNCTION f;", "line 2, DROP FUNCTION f: "),
    "field removed": ("ALTER TABLE orders DROP COLUMN total;", "line 2, DROP COLUMN total: Dropping a column may break"),
    "field renamed": ("ALTER TABLE orders RENAME COLUMN total TO sum;", "line 2, RENAME COLUMN total TO sum: Renaming a column"),
    "type changed": ("ALTER TABLE orders ALTER COLUMN total TYPE text;", "line 2, TYPE text: Changing a column type"),
    "meaning changed: default": ("ALTER TABLE orders ALTER COLUMN total SET DEFAULT 1;", "line 2, SET DEFAULT 1: "),
    "meaning changed: view": ("CREATE OR REPLACE VIEW v AS SELECT 1;", "line 2, CREATE OR REPLACE VIEW v AS SELECT 1: "),
    "promised less": ("ALTER TABLE orders ALTER COLUMN total DROP NOT NULL;", "line 2, DROP NOT NULL: "),
    "a value that clients do not know": ("ALTER TYPE size ADD VALUE 'huge';", "line 2, ADD VALUE 'huge': "),
    "tightened: required field added": ("ALTER TABLE orders ADD COLUMN n int NOT NULL;", "line 2, ADD COLUMN n int NOT NULL: "),
    "tightened: no longer null": ("ALTER TABLE orders ALTER COLUMN total SET NOT NULL;", "line 2, SET NOT NULL: "),
    "tightened: a check, valid or not": ("ALTER TABLE orders ADD CONSTRAINT p CHECK (total > 0) NOT VALID;",
                                         "line 2, ADD CONSTRAINT p CHECK (total > 0) NOT VALID: A new constraint can reject"),
    "tightened: no default": ("ALTER TABLE orders ALTER COLUMN total DROP DEFAULT;", "line 2, DROP DEFAULT: "),
    "tightened: only once": ("CREATE UNIQUE INDEX CONCURRENTLY i ON orders (total);", "line 2, CREATE UNIQUE INDEX"),
    "authentication: a right less": ("REVOKE SELECT ON orders FROM shop;", "line 2, REVOKE SELECT ON orders FROM shop: Revoking"),
    "authentication: role": ("ALTER ROLE shop NOLOGIN;", "line 2, NOLOGIN: Changing role options may change access"),
    "authentication: rows": ("ALTER TABLE orders ENABLE ROW LEVEL SECURITY;", "line 2, ENABLE ROW LEVEL SECURITY: "),
    "authentication: policy": ("CREATE POLICY p ON orders;", "line 2, CREATE POLICY p ON orders: "),
}  # fmt: skip


def compared(old: str | None, new: str) -> Compared:
    """As a Release declares it."""
    contract = {"type": "SQL", "configMap": "data", "key": "migrations.sql"}
    change = Change.model_validate({"kind": "Feature", "contracts": [contract]})
    (found,) = compare(change, lambda _: old, lambda _: new, TODAY, None)
    return found


@pytest.mark.parametrize(("statement", "said"), SAFE.values(), ids=SAFE.keys())
def test_what_is_safe_is_told_and_breaks_nothing(statement: str, said: str) -> None:
    """With its line."""
    found = compared(OLD, OLD + statement)
    assert (found.breaking, found.problem, len(found.safe)) == ((), "", 1), found
    assert found.safe[0].startswith(said)


@pytest.mark.parametrize(("statement", "said"), BREAKING.values(), ids=BREAKING.keys())
def test_what_breaks_is_told_with_its_path(statement: str, said: str) -> None:
    """The line, the words, and why; once."""
    found = compared(OLD, OLD + statement).breaking
    assert [line.startswith(said) for line in found] == [True], found


def test_only_what_is_new_is_judged() -> None:
    """What the older document has is carried out; another document is all new, and so is the first one."""
    drop = "DROP TABLE orders;\n"
    assert compared(OLD + drop, OLD + drop) == Compared(name="data")
    assert compared(OLD + drop, "CREATE TABLE sold (id bigint);").safe == (_QUIET,)
    for old in (OLD, "", None):
        assert len(compared(old, OLD + drop).breaking) == 1
    assert compared(OLD, " \n") == Compared(name="data")


def test_an_exception_in_the_document_itself_is_none() -> None:
    """squawk would pass it over; nobody has put a name to it."""
    assert len(compared(OLD, "-- squawk-ignore ban-drop-table\nDROP TABLE orders;").breaking) == 1
    assert len(compared(OLD, "-- squawk-ignore-file\nDROP TABLE orders;").breaking) == 1


def test_what_is_no_sql_is_told() -> None:
    """With its line."""
    assert compared(OLD, OLD + "\nDROP TABEL orders;").problem.startswith("the newer one is no SQL of PostgreSQL: line 3")
    assert compared(OLD, "-- \u2028\x0c\n/* ü */ DROP TABLE orders;").breaking[0].startswith("line 2, DROP TABLE orders: ")
    # What only begins like the older one does not become another statement.
    assert compared("ALTER TABLE a DROP COLUMN b", "ALTER TABLE a DROP COLUMN bcd").problem.startswith("the newer one is no SQL")


def test_without_the_tool_nothing_counts_as_compatible(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert compared(OLD, OLD + "SELECT 1;").problem == "not compared, as squawk is not on the PATH; pip install squawk-cli"


@pytest.mark.parametrize(
    "script", ["exit 1", "echo hello", "echo '{}'", "echo '[1]'", "echo '[{}]'; exit 1", "echo '[]'; exit 1", "kill -9 $$"]
)
def test_whatever_the_tool_says_is_no_pass_unless_it_is_a_list_of_differences(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exit code and its words have to agree; an older squawk, which does not know the rules, refuses them."""
    tool = tmp_path / "squawk"
    tool.write_text(f"#!/bin/sh\necho why >&2\n{script}\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert compared(OLD, OLD + "SELECT 1;").problem == "not compared: squawk says: why"
