"""GraphQL contracts: one pair of schemas for each rule of what is safe and what breaks, and documents that are none."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.cli.contracts import compare, graphql
from controller.contracts import program
from controller.contracts.program import Lists
from strategies.review.contracts import Compared
from strategies.spec.change import Change
from tests.cli.conftest import Run
from tests.cli.test_review import manifests
from tests.review.subjects import FEATURE, TODAY

OLD = """
type Query { order(id: ID!, first: Int = 10, size: Size): Order  last: Size!  event: Event }
type Mutation { put(order: Input!): Boolean }
type Order { id: ID!  total: Float }
type Sold { id: ID }
type Lost { id: ID }
union Event = Sold
enum Size { SMALL LARGE }
enum Sent { A }
input Input { id: ID!  sent: Sent }
"""
SAFE = {
    "endpoint added": ("last: Size!", "last: Size! orders: [Order]", "Field Query.orders was added"),
    "type added": ("type Sold", "scalar Date type Sold", "Date was added"),
    "optional field added": ("sent: Sent", "sent: Sent note: String", "An optional field Input.note was added"),
    "field with default added": ("sent: Sent", "sent: Sent n: Int! = 1", "An optional field Input.n was added"),
    "optional argument added": ("size: Size)", "size: Size, all: Boolean)", "An optional argument Query.order(all:) was added"),
    "new event type": ("= Sold", "= Sold | Lost", "Lost was added to union type Event"),
    "widened: may be left out": ("Input { id: ID!", "Input { id: ID", "Field Input.id changed type from ID! to ID"),
    "widened: one value more is taken": ("{ A }", "{ A B }", "Enum value Sent.B was added"),
    "optional field of a scalar that is new": ("total: Float", "total: Float n: Int", "Field Order.n was added"),
    "promised more": ("total: Float", "total: Float!", "Field Order.total changed type from Float to Float!"),
}
BREAKING = {
    "endpoint removed": ("last: Size!", "", "Field Query.last was removed"),
    "endpoint renamed": ("last: Size!", "latest: Size!", "Field Query.last was removed"),
    "field removed": ("total: Float", "", "Field Order.total was removed"),
    "field renamed": ("total: Float", "sum: Float", "Field Order.total was removed"),
    "type changed": ("total: Float", "total: String", "Field Order.total changed type from Float to String"),
    "promised less": ("id: ID!  total", "id: ID  total", "Field Order.id changed type from ID! to ID"),
    "meaning changed": ("= 10", "= 20", "Query.order(first:) has changed defaultValue from 10 to 20"),
    "a value that clients do not know": ("LARGE", "LARGE HUGE", "Enum value Size.HUGE was added"),
    "tightened: one value less is taken": ("LARGE", "", "Enum value Size.LARGE was removed"),
    "tightened: no longer optional": ("first: Int =", "first: Int! =", "Argument Query.order(first:) has changed type"),
    "tightened: one more is required": ("sent: Sent", "sent: Sent n: Int!", "A required field Input.n was added"),
    "event type removed": ("= Sold", "= Lost", "Sold was removed from union type Event"),
}


def pair(old: str, new: str) -> str:
    """OLD with one thing changed, which must be there once."""
    assert OLD.count(old) == 1
    return OLD.replace(old, new)


@pytest.mark.parametrize(("old", "new", "said"), SAFE.values(), ids=SAFE.keys())
def test_what_is_safe_is_told_and_breaks_nothing(old: str, new: str, said: str) -> None:
    """And it is the only difference."""
    assert graphql.compare(OLD, pair(old, new)) == {"breaking": [], "safe": [said]}


@pytest.mark.parametrize(("old", "new", "said"), BREAKING.values(), ids=BREAKING.keys())
def test_what_breaks_is_told_with_its_path(old: str, new: str, said: str) -> None:
    """Whatever else comes with it."""
    found = graphql.compare(OLD, pair(old, new))["breaking"]
    assert isinstance(found, list)
    assert [line for line in found if line.startswith(said)], found


def test_the_last_field_of_a_scalar_is_one_break() -> None:
    """Float itself is not missed."""
    assert graphql.compare(OLD, pair("total: Float", "")) == {"breaking": ["Field Order.total was removed"], "safe": []}
    assert graphql.compare(pair("total: Float", ""), OLD) == {"breaking": [], "safe": ["Field Order.total was added"]}


def test_what_says_the_same_is_the_same() -> None:
    """Descriptions, order and directives of other servers change nothing that a client asks for."""
    assert graphql.compare(OLD, f'"about" directive @a on OBJECT {OLD}')["breaking"] == []
    assert graphql.compare(OLD, pair("type Order {", '"An order" type Order @key(fields: "id") {')) == {
        "breaking": [],
        "safe": [],
    }


NONE = {
    "no GraphQL": ("a: 1", "Syntax Error"),
    "a type that is not there": ("type Query { a: Gone }", "Unknown type 'Gone'"),
    "a type twice": ("type Query { a: Int } type Query { b: Int }", "There can be only one type named 'Query'"),
    "nothing to ask": ("type Order { id: ID }", "Query root type must be provided"),
    "too deep": (f"type Query {{ a: {'[' * 90_000}", ""),
}


@pytest.mark.parametrize(("text", "said"), NONE.values(), ids=NONE.keys())
def test_what_is_no_schema_is_told(text: str, said: str) -> None:
    """Which of the two, and why."""
    assert str(graphql.compare(text, OLD)["problem"]).startswith(f"the older one is no GraphQL schema: {said}")
    assert str(graphql.compare(OLD, text)["problem"]).startswith(f"the newer one is no GraphQL schema: {said}")


def compared(old: str, new: str) -> Compared:
    """As a Release declares it."""
    change = Change.model_validate(
        {"kind": "Feature", "contracts": [{"type": "GraphQL", "configMap": "api", "key": "schema.graphql"}]}
    )
    (found,) = compare(change, lambda _: old, lambda _: new, TODAY, None)
    return found


def test_it_is_compared_in_a_process_of_its_own() -> None:
    """The script is named as the library, and finds the library all the same."""
    grown = compared(OLD, pair("last: Size!", "orders: [Order]"))
    assert (grown.breaking, grown.safe) == (("Field Query.last was removed",), ("Field Query.orders was added",))
    assert compared(OLD, "{").problem.startswith("the newer one is no GraphQL schema: Syntax Error")


def test_the_digits_that_are_printed_are_those_that_are_accepted(run: Run, tmp_path: Path) -> None:
    """Two contracts in one ConfigMap are told apart; what is accepted is told, and asks for no major version."""
    contracts: list[dict[str, Any]] = [{"type": "GraphQL", "configMap": "api", "key": key} for key in ("a.graphql", "b.graphql")]

    def written(name: str, image: str, schema: str) -> str:
        data = {"a.graphql": schema, "b.graphql": OLD}
        kept = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "api"}, "data": data}
        text = manifests(image, change={**FEATURE, "contracts": contracts})
        (tmp_path / name).write_text(f"{text}---\n{yaml.safe_dump(kept)}")
        return str(tmp_path / name)

    old, schema = written("old.yaml", "shop:2.3.1", OLD), pair("total: Float", "")
    said = run("review", "-f", written("new.yaml", "shop:2.4.0", schema), "--against", old)
    found = re.search(r"- High: contract api/a\.graphql: Field Order\.total was removed \[([0-9a-f]{8})\]", said.out)
    assert found, said.out
    assert "BreakingWithoutVersion" in said.out
    contracts[0]["accepted"] = [{"finding": found[1], "by": "ann", "because": "nobody asks", "until": "2099-12-31"}]
    said = run("review", "-f", written("new.yaml", "shop:2.4.0", schema), "--against", old)
    accepted = "Field Order.total was removed: accepted by ann until 2099-12-31: nobody asks"
    assert f"- API: Compatible: contract api/a.graphql ({accepted}), contract api/b.graphql (the same)" in said.out
    assert "BreakingWithoutVersion" not in said.out


def test_without_the_library_nothing_counts_as_compatible(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert compared(OLD, OLD).problem == "not compared, as graphql-core is not installed; pip install graphql-core"


def test_what_takes_too_much_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time, memory, output, size: none of it counts as compatible."""
    assert compared(OLD, OLD + "#" * 2**20).problem.startswith("the newer one is larger than the 1 MiB")
    assert compared(" \n", OLD).problem == "the older one is empty"
    monkeypatch.setattr(program, "_BOUNDED", 'shift; ulimit -v 4096; exec "$@"')
    assert compared(OLD, OLD).problem.startswith("not compared: graphql-core says:")
    monkeypatch.setattr(program, "_BOUNDED", 'shift; ulimit -f 0; exec "$@"')
    assert compared(OLD, OLD).problem.startswith("not compared: graphql-core says:")

    def never(*arguments: object, **named: object) -> Lists:
        raise subprocess.TimeoutExpired("python", 60)

    monkeypatch.setattr(subprocess, "run", never)
    assert compared(OLD, OLD).problem == "not compared: graphql-core took longer than 60 s"
