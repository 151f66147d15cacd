"""Queries: what is refused, what is bound, and that no value can change what a query asks."""

import re
from dataclasses import replace
from datetime import timedelta

import promql_parser
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from strategies.analysis import promql_reading, promql_tree
from strategies.analysis.promql_tree import Selector
from strategies.analysis.query import Binding, QueryError, parse, pods_pattern


def binding(**changed: object) -> Binding:
    """Give the values of one release, some of them changed."""
    values: dict[str, object] = {
        "namespace": "shop",
        "release": "checkout",
        "stable": "6d4f",
        "candidate": "7c9b",
        "stable_replica_set": "checkout-6d4f",
        "candidate_replica_set": "checkout-7c9b",
        "window": timedelta(seconds=90),
    }
    return Binding(**(values | changed))  # type: ignore[arg-type]


BOUND = {
    "a label's value": ('up{ns="$namespace"}', 'up{ns="shop"}'),
    "part of a label's value": ('up{job="$namespace/$release"}', 'up{job="shop/checkout"}'),
    "a dot in a name is no wildcard in a regular expression": ('up{v=~"$release.*"}', 'up{v=~"check\\\\.out.*"}'),
    "the pods of the candidate": (
        'up{pod=~"$candidate_pods"}',
        'up{pod=~"checkout\\\\-7c9b\\\\-[a-z0-9]{5}"}',
    ),
    "the window as range, step and offset": (
        "max_over_time(rate(x[$window])[10m:$window] offset -$window)",
        "max_over_time(rate(x[1m30s])[10m:1m30s] offset -1m30s)",
    ),
    "a scalar": ("scalar(x) / 2", "scalar(x) / 2.0"),
    "what looks like a variable in label_replace is its own": (
        'label_replace(x, "a", "$1", "b", "(.*)")',
        'label_replace(x, "a", "$1", "b", "(.*)")',
    ),
    "the end of a regular expression is no variable": ('up{a=~"x$"}', 'up{a=~"x$"}'),
    "a window in a comment is not replaced": ("rate(x[5m]) # per $window", "rate(x[5m])"),
    "modifiers stay": (
        "a / on (x) group_left (y) b > bool 2",
        "a / on (x) group_left (y) b > bool 2.0",
    ),
    "milliseconds and times stay": ("x @ 12.5 offset 7ms", "x @ 12.500 offset 7ms"),
}


@pytest.mark.parametrize(("text", "expected"), BOUND.values(), ids=BOUND)
def test_binding_puts_values_in_place(text: str, expected: str) -> None:
    """Each variable is replaced where it stands, quoted as its place needs, and all else stays."""
    release = "check.out" if "check\\\\.out" in expected else "checkout"
    assert parse(text).bind(binding(release=release)) == expected


REFUSED = {
    "a syntax error": ("sum(x", "unclosed left parenthesis", ""),
    "a syntax error in a query with a window": ("rate(x[$window]", "", ""),
    "an unknown variable outside of quotes": ("rate(x[$windw])", "$windw is no variable", "line 1, column 8"),
    "an unknown variable in a matcher": ('x{a="$nope"}', "$nope is no variable", 'a="$nope"'),
    "braces": ('x{a="${namespace}"}', "without braces", 'a="${namespace}"'),
    "a label variable outside of quotes": ("\n  $namespace", "inside quotes", "line 2, column 3"),
    "pods by equality": ('x{pod="$candidate_pods"}', 'write pod=~"$candidate_pods"', 'pod="$candidate_pods"'),
    "pods by inequality": ('x{pod!~"$stable_pods"}', 'write pod=~"$stable_pods"', 'pod!~"$stable_pods"'),
    "pods as a part of a value": ('x{pod=~"$stable_pods|y"}', "whole regular expression", ""),
    "the window as a label's value": ('x{a="$window"}', "is a duration", 'a="$window"'),
    "the window as a number": ("x > $window", "only as a range", "$window"),
    "the window as a time": ("x @ $window", "only as a range", "$window"),
    "a variable in another string": ('count_values("$namespace", x)', "inside quotes", '"$namespace"'),
    "a variable as a grouping label": ('sum by ("$namespace") (x)', "label's name", "$namespace"),
    "a variable as a label's name": ('x{"$namespace"="a"}', "label's name", ""),
    "a backslash before a variable": ('x{a=~"\\\\$namespace"}', "backslash", ""),
    "a range vector": ("x[5m]", "range of values", ""),
    "a subquery": ("x[5m:1m]", "range of values", ""),
    "a string": ('"text"', "is a string", ""),
    "matchers joined by or, which forced matchers could not hold": ('x{a="b" or c="d"}', "`or` between matchers", ""),
    "a function that reads other series": ("info(x)", "info() is not allowed", ""),
    "values made up by fill": ("a + fill (0) b", "fill()", ""),
    "bytes instead of a character": ('x{a="\\xc3\\xa9"}', "character itself", "line 1, column 5"),
    "a time before 1970, on which the parser panics": ("x @ -1", "without a sign", "line 1, column 3"),
    "deep nesting": ("(" * 200 + "x" + ")" * 200, "nested deeper", ""),
    "very deep nesting": ("-" * 4000 + "x", "brackets and operators", ""),
    "a huge query": ("x" * 9000, "characters", ""),
}


@pytest.mark.parametrize(("text", "message", "where"), REFUSED.values(), ids=REFUSED)
def test_refused(text: str, message: str, where: str) -> None:
    """What cannot be used is refused when parsed, with what is wrong and where."""
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert message in refused.value.message
    assert where in refused.value.where
    assert "77777" not in str(refused.value), "the marker for $window is nobody's business"


def test_a_duration_equal_to_the_marker_is_not_taken_for_the_window() -> None:
    """The marker is chosen so that the query does not contain it."""
    text = "sum(rate(x[77777777ms])) + sum(rate(x[$window]))"
    assert parse(text).bind(binding()) == "sum (rate(x[21h36m17s777ms])) + sum (rate(x[1m30s]))"


def test_forced_matchers_stand_in_every_selector() -> None:
    """Forced matchers reach selectors in parameters, subqueries, both sides of operators, and ones with the label."""
    text = 'topk(scalar(k), max_over_time(rate(x{tenant="other"}[5m])[10m:1m])) + on () y'
    bound = parse(text).bind(binding(), {"tenant": "us"})
    selectors = [node for node in promql_tree.walk(promql_reading.parse(bound)) if isinstance(node, Selector)]
    assert [(s.metric, [m.value for m in s.matchers]) for s in selectors] == [
        ("k", ["us"]),
        ("x", ["other", "us"]),
        ("y", ["us"]),
    ]


def test_what_does_not_exist_yet_is_refused_when_asked_for_only() -> None:
    """A query without candidate variables can be bound before there is a candidate; one with them cannot."""
    before = binding(candidate="", candidate_replica_set="")
    assert parse('x{a="$stable"}').bind(before) == 'x{a="6d4f"}'
    for text in ('x{a="$candidate"}', 'x{a=~"$candidate_pods"}'):
        with pytest.raises(QueryError, match="no value"):
            parse(text).bind(before)


def test_pods_whose_names_kubernetes_cuts_are_found() -> None:
    """Kubernetes cuts a pod's name before the random end to 58 characters; two revisions may then look the same."""
    long = "a" * 60
    assert pods_pattern(long) == "a" * 58 + "[a-z0-9]{5}"
    with pytest.raises(QueryError, match="cuts long ones"):
        parse('x{pod=~"$candidate_pods"}').bind(binding(stable_replica_set=long + "-1", candidate_replica_set=long + "-2"))


def test_the_trap_in_the_parser_is_still_there() -> None:
    """promql_parser prints values without escapes: if it stops, our own printer may go."""
    selector = promql_parser.parse('x{a="q\\"b"}')
    assert str(selector) == 'x{a="q"b"}'


def test_half_a_surrogate_pair_is_refused() -> None:
    """A name that is no text is an error of the query, not of the encoder."""
    with pytest.raises(QueryError, match="surrogate"):
        parse('x{a="$namespace"}').bind(binding(namespace="\ud800"))


HOSTILE = st.text(min_size=1) | st.sampled_from(
    [
        '"',
        "\\",
        '"} or up{a="',
        "`",
        "'",
        "\n",
        "\x00",
        "\ufffd",
        "\u2028",
        "$namespace",
        "a|.*",
        "{{",
        "😀",
        "${x}",
        "#",
    ]
)
TEXTS = st.sampled_from(
    [
        'sum(rate(x{a="$namespace",b=~"$release|y",c!="$stable",d!~"z$candidate"}[$window])) by (a)',
        'histogram_quantile(0.9, sum by (le) (rate(x{pod=~"$candidate_pods"}[5m]))) > bool 2',
        'a{x="$release"} / on (x) group_left () (b{y=~"$stable_pods"} offset $window)',
    ]
)


@given(text=TEXTS, names=st.tuples(*[HOSTILE] * 6), forced=st.dictionaries(st.sampled_from(["t", "ns.a", "u"]), HOSTILE))
def test_hostile_names_never_change_the_structure(text: str, names: tuple[str, ...], forced: dict[str, str]) -> None:
    """Whatever names hold, the bound text reads back with the same shape and with exactly these values."""
    fields = ("namespace", "release", "stable", "candidate", "stable_replica_set", "candidate_replica_set")
    values = dict(zip(fields, names, strict=True))
    try:
        bound = parse(text).bind(binding(**values), forced)
    except QueryError as problem:
        refused = str(problem)
    else:
        refused = ""
    assert not refused or "cuts long ones" in refused
    assume(not refused)
    plain = parse(text).bind(binding(), dict.fromkeys(forced, "v"))
    assert _shape(bound) == _shape(plain)
    for node in promql_tree.walk(promql_reading.parse(bound)):
        if isinstance(node, Selector):
            assert dict(forced).items() <= {m.name: m.value for m in node.matchers}.items()
            assert all(m.value == values["namespace"] for m in node.matchers if m.name == "a" and node.metric == "x")


@given(name=HOSTILE.filter(lambda name: "\n" not in name))
def test_a_quoted_name_matches_only_itself(name: str) -> None:
    """The pattern for a ReplicaSet's pods matches its own pods' names and no neighbour's."""
    pattern = re.compile(pods_pattern(name[:40]))
    assert pattern.fullmatch(name[:40] + "-x7k2p")
    assert not pattern.fullmatch("other" + name[:40] + "-x7k2p")
    assert not pattern.fullmatch(name[:40] + "-x7k2p-x7k2p")


def _shape(text: str) -> promql_tree.Node:
    """The tree with the values of matchers taken out."""

    def emptied(node: promql_tree.Node) -> promql_tree.Node:
        if not isinstance(node, Selector):
            return node
        return replace(node, matchers=tuple(replace(m, value="") for m in node.matchers))

    return promql_tree.transform(promql_reading.parse(text), emptied)
