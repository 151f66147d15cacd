"""Flags in flagd's form: read without being trusted, and written by exchanging one word."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.flags import flagd
from controller.flags.objects import read, switch
from strategies.analysis.verdict import Unknown
from strategies.spec.flag import FlagKind, FlagPlace
from strategies.world.observation import FlagSeen
from tests.patching import Refused, applied

JSON = """{
\t"$schema": "https://flagd.dev/schema/v0/flags.json",
\t"flags": {
\t\t"new-checkout": {
\t\t\t"state": "ENABLED",
\t\t\t"variants": {"on": true, "off": false},
\t\t\t"defaultVariant": "off", "targeting": {}
\t\t}
\t}
}
"""
YAML = """# The team's flags
flags:
  new-checkout:            # the one-page one
    state: ENABLED
    variants: {"on": true, "off": false}
    defaultVariant: off    # until March
  other: {state: ENABLED, variants: {a: 1, b: 2}, defaultVariant: a}
"""


def holder(text: str, **more: Any) -> dict[str, Any]:
    """A ConfigMap with this text."""
    return {"kind": "ConfigMap", "metadata": {"name": "flags"}, "data": {"flags.json": text}, **more}


def place(flag: str = "new-checkout", kind: FlagKind = FlagKind.CONFIG_MAP, key: str = "flags.json") -> FlagPlace:
    """Where a flag is looked for."""
    return FlagPlace(kind=kind, object="flags", key=key if kind is FlagKind.CONFIG_MAP else "", flag=flag)


@pytest.mark.parametrize("text", [JSON, YAML])
def test_one_word_is_exchanged_and_everything_else_stays(text: str) -> None:
    """Order, comments, tabs and the other flags are the owner's."""
    written = flagd.switched(text, "new-checkout", "on")
    old = '"off", "targeting"' if text is JSON else "defaultVariant: off "
    new = '"on", "targeting"' if text is JSON else 'defaultVariant: "on" '
    assert text.count(old) == 1
    assert written == text.replace(old, new)
    assert flagd.seen(flagd.read(written), "new-checkout") == FlagSeen(variant="on", variants=("on", "off"))


names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)


@given(st.dictionaries(names, st.dictionaries(names, st.booleans(), min_size=2, max_size=4), min_size=1, max_size=4), st.data())
def test_whatever_the_names_a_json_parser_sees_the_new_default_and_no_other_change(
    flags: dict[str, dict[str, bool]], data: st.DataObject
) -> None:
    """Also with characters beyond the first 65,536, escaped or not, by which places are easily miscounted."""
    made = {name: {"state": "ENABLED", "variants": variants, "defaultVariant": next(iter(variants))}
            for name, variants in flags.items()}  # fmt: skip
    chosen = data.draw(st.sampled_from(sorted(flags)))
    variant = data.draw(st.sampled_from(sorted(flags[chosen])))
    text = json.dumps({"flags": made}, indent=data.draw(st.sampled_from([None, 2])), ensure_ascii=False)
    made[chosen]["defaultVariant"] = variant
    assert json.loads(flagd.switched(text, chosen, variant)) == {"flags": made}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'it has no "flags" at its top'),
        ("[]", 'it has no "flags" at its top'),
        ("just words", 'it has no "flags" at its top'),
        ("{", "it is neither JSON nor YAML"),
        ("flags: {a: [}", "it is neither JSON nor YAML"),
        ("flags: &x {a: {defaultVariant: on}}\nmore: *x", "refers to another part of itself by *x"),
        ("flags: {a: {state: ENABLED, state: DISABLED}}", "it has the key state twice, in line 1"),
        ("flags: {}\n---\nflags: {}", "it is more than one document"),
        ("flags: " + "[" * 60 + "]" * 60, "nested deeper than 50 levels"),
        ("flags: " + "[" * 100_000, "it "),
        ("x" * (flagd.LONGEST + 1), "262144 at most are read"),
        ("? [a]\n: b", "a key is a mapping or a list"),
        ("flags: {a: {defaultVariant: \x00}}", "it is neither JSON nor YAML"),
    ],
)
def test_what_is_not_flagds_is_unknown_and_says_why(text: str, said: str) -> None:
    """Never taken for off, and nothing about it raises or costs more than its length."""
    seen = read(holder(text), place())
    assert isinstance(seen, Unknown)
    assert said in seen.message
    assert "key flags.json of ConfigMap flags" in seen.message


@given(st.text(max_size=60) | st.recursive(st.none() | st.text(max_size=4), lambda c: st.lists(c) | st.dictionaries(
    st.sampled_from(["flags", "new-checkout", "variants", "state", "defaultVariant", "targeting", "x"]), c)).map(yaml.safe_dump))
def test_no_text_raises(text: str) -> None:
    """Whatever a tenant writes into a ConfigMap is somebody's mistake, and not ours."""
    assert isinstance(read(holder(text), place()), FlagSeen | Unknown)


def flag(**changed: Any) -> str:
    """A text with one flag that is right but for the changes; None takes a part out."""
    right = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", **changed}
    return json.dumps({"flags": {"new-checkout": {k: v for k, v in right.items() if v is not None}}})


@pytest.mark.parametrize(
    ("found", "where", "said"),
    [
        (None, place(), "ConfigMap flags does not exist; create it"),
        (holder(flag()), place(key="flags.yaml"), "ConfigMap flags has no key flags.yaml; there are: flags.json."),
        (holder(flag()), place("new-chekout"), "there is no such flag; there are: new-checkout."),
        (holder(flag(state="DISABLED")), place(), "its state is DISABLED"),
        (holder(flag(defaultVariant=None)), place(), "it has no defaultVariant"),
        (holder(flag(targeting={"if": [True, "on"]})), place(), "it has targeting, which decides before the default"),
        (holder(flag(), immutable=True), place(), "its ConfigMap is immutable"),
    ],
)
def test_a_flag_that_cannot_be_switched_says_why(found: dict[str, Any] | None, where: FlagPlace, said: str) -> None:
    """And what to do."""
    seen = read(found, where)
    assert isinstance(seen, FlagSeen)
    assert said in str(seen.problem)


def test_what_is_gone_is_not_on() -> None:
    """A flag without an object, a key or an entry needs no switching off."""
    for found, where in ((None, place()), (holder(flag()), place(key="x")), (holder(flag()), place("x"))):
        seen = read(found, where)
        assert isinstance(seen, FlagSeen)
        assert seen.variant is None


def test_the_patch_fails_once_anybody_has_changed_the_text() -> None:
    """It tests the whole text: exchanging a word in another one would undo what the owner wrote."""
    found = holder(flag())
    patch = switch(found, place(), "off", "on")
    written = applied(found, patch)
    assert read(written, place()) == FlagSeen(variant="on", variants=("on", "off"))
    with pytest.raises(Refused):
        applied(holder(flag(state="DISABLED")), patch)
    with pytest.raises(flagd.Unusable):
        switch(written, place(), "off", "on")


FEATURE_FLAG: dict[str, Any] = {
    "kind": "FeatureFlag", "metadata": {"name": "flags"},
    "spec": {"flagSpec": {"flags": {
        "a/b~c": {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"},
        "odd": {"targeting": {"if": []}, "variants": {"on": 1}, "defaultVariant": "on"},
    }}},
}  # fmt: skip


def test_a_feature_flag_is_read_and_switched_by_its_fields() -> None:
    """The resource's own form; names with a slash or a tilde included."""
    where = place("a/b~c", FlagKind.FEATURE_FLAG)
    assert read(FEATURE_FLAG, where) == FlagSeen(variant="off", variants=("on", "off"))
    patch = switch(FEATURE_FLAG, where, "off", "on")
    written = applied(FEATURE_FLAG, patch)
    assert read(written, where) == FlagSeen(variant="on", variants=("on", "off"))
    with pytest.raises(Refused):
        applied(written, patch)
    targeted = read(FEATURE_FLAG, place("odd", FlagKind.FEATURE_FLAG))
    assert isinstance(targeted, FlagSeen)
    assert "targeting" in str(targeted.problem)


@pytest.mark.parametrize("spec", [None, {}, {"flagSpec": None}, {"flagSpec": {"flags": []}}, "x"])
def test_a_feature_flag_of_another_form_is_unknown(spec: Any) -> None:
    """Its definition is another project's."""
    assert isinstance(read({**FEATURE_FLAG, "spec": spec}, place("a", FlagKind.FEATURE_FLAG)), Unknown)
