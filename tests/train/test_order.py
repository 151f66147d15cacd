"""The order of a train, and the sentences for what is no order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from strategies.train.order import Cycle, stages
from tests.train.line import CONSUMER, PRODUCER, REMOVAL, member, spec

NAMES = "abcdef"


def names(*members: dict[str, Any]) -> list[list[str]]:
    """The stages."""
    found = stages(spec(*members))
    assert not isinstance(found, Cycle), found.message
    return [[m.name for m in stage] for stage in found]


@pytest.mark.parametrize(("what", "members", "expected"), [
    ("one member goes", [member("a")], [["a"]]),
    ("without roles all go together", [member("a"), member("b")], [["a", "b"]]),
    ("consumers go before producers", [member("p", PRODUCER), member("c", CONSUMER)], [["c"], ["p"]]),
    ("a removal goes last", [member("r", REMOVAL), member("p", PRODUCER), member("c", CONSUMER)], [["c"], ["p"], ["r"]]),
    ("dependsOn orders those of one role",
     [member("c", CONSUMER, depends_on=("d",)), member("d", CONSUMER), member("p", PRODUCER)], [["d"], ["c"], ["p"]]),
    ("dependsOn orders those of none", [member("a", depends_on=("b",)), member("b", depends_on=("c",)), member("c")],
     [["c"], ["b"], ["a"]]),
    ("each goes as early as it can", [member("p", PRODUCER), member("a"), member("c", CONSUMER)], [["a", "c"], ["p"]]),
])  # fmt: skip
def test_members_go_in_stages(what: str, members: list[dict[str, Any]], expected: list[list[str]]) -> None:
    """By role, by dependsOn, and otherwise together."""
    assert names(*members) == expected, what


@pytest.mark.parametrize(("members", "said"), [
    ([member("a", depends_on=("b",)), member("b", depends_on=("a",))],
     "a goes after b (its dependsOn names b); b goes after a (its dependsOn names a)"),
    ([member("c", CONSUMER, depends_on=("p",)), member("p", PRODUCER)],
     "c goes after p (its dependsOn names p); p goes after c (Producers go after Consumers"),
    ([member("x"), member("a", depends_on=("b",)), member("b", depends_on=("c",)), member("c", depends_on=("a",))],
     "a goes after b (its dependsOn names b); b goes after c (its dependsOn names c); c goes after a"),
])  # fmt: skip
def test_a_cycle_is_explained_with_its_edges_and_the_way_out(members: list[dict[str, Any]], said: str) -> None:
    """That they would have to go at the same time, and how to split the change."""
    found = stages(spec(*members))
    assert isinstance(found, Cycle)
    assert said in found.message
    assert "at the same time" in found.message
    assert "split the change" in found.message


@pytest.mark.parametrize(("members", "said"), [
    ([member("a"), member("a")], "a Release is a member once"),
    ([member("a", depends_on=("b",))], "dependsOn names members of this train"),
    ([member("a", depends_on=("a",))], "a member cannot depend on itself"),
    ([member("a", REMOVAL)], "a member that is a Removal needs the Producers"),
])  # fmt: skip
def test_what_the_spec_alone_can_tell_is_refused_by_the_model(members: list[dict[str, Any]], said: str) -> None:
    """As CEL does at the API server; tests/cli compares the two."""
    with pytest.raises(ValidationError, match=said):
        spec(*members)


@st.composite
def trains(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Members with any roles and any dependsOn."""
    chosen = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
    roles = [draw(st.sampled_from([None, CONSUMER, PRODUCER])) for _ in chosen]
    return [member(name, role, depends_on=tuple(draw(st.lists(st.sampled_from([n for n in chosen if n != name]), unique=True,
                                                              max_size=2)) if len(chosen) > 1 else ()))
            for name, role in zip(chosen, roles, strict=True)]  # fmt: skip


@given(trains())
def test_an_order_has_everybody_once_and_nobody_before_whom_he_needs(members: list[dict[str, Any]]) -> None:
    """And where there is none, the cycle that is told of is one."""
    found = stages(spec(*members))
    roles = {m["name"]: m.get("role") for m in members}
    if isinstance(found, Cycle):
        for edge, following in zip(found.edges, (*found.edges[1:], found.edges[0]), strict=True):
            assert edge.earlier == following.later
            named = edge.earlier in next(m["dependsOn"] for m in members if m["name"] == edge.later)
            assert named or (roles[edge.later], roles[edge.earlier]) == (PRODUCER, CONSUMER)
        return
    place = {m.name: number for number, stage in enumerate(found) for m in stage}
    assert sorted(place) == sorted(roles)
    for each in members:
        assert all(place[name] < place[each["name"]] for name in each["dependsOn"])
        if each.get("role") == PRODUCER:
            assert all(place[name] < place[each["name"]] for name, role in roles.items() if role == CONSUMER)
