"""The store: what comes in by scrapes comes out by time and labels, for as long as it is kept."""

import math

import pytest

from playground.prometheus import series
from playground.prometheus.matching import Matcher, prefix
from playground.prometheus.problems import BadQuery
from playground.prometheus.series import Store, is_stale

HOUR = 3_600_000


def test_a_value_holds_until_the_next_and_has_a_sample_at_each_scrape() -> None:
    """A series that began later has none before."""
    store = Store()
    for at in range(1000, 7000, 1000):
        store.series({"a": "1"}).put(at, 1.0 if at < 4000 else 2.0)
        if at == 5000:
            store.series({"a": "2"}).put(at, 7.0)
        store.scraped(at)
    first, second = store.select((), 2000, 6000)
    assert (list(first.times), list(first.values)) == ([3000, 4000, 5000, 6000], [1, 2, 2, 2])
    assert (list(second.times), list(second.values)) == ([5000, 6000], [7, 7])


def test_a_series_may_end_and_begin_again() -> None:
    """The end is a marker, not a number; ending twice is ending once."""
    store = Store()
    found = store.series({"a": "1"})
    for at, value in ((1, 5.0), (2, None), (3, None), (4, math.nan), (5, 5.0)):
        if value is None:
            found.end(at)
        else:
            found.put(at, value)
        store.scraped(at)
    (samples,) = store.select((), 0, 9)
    assert [is_stale(value) for value in samples.values] == [False, True, True, False, False]


def test_an_hour_is_kept() -> None:
    """Of a series that has ended longer ago, nothing; of one that has not changed, its value."""
    store = Store()
    store.series({"name": "constant"}).put(0, 1)
    store.series({"name": "ended"}).put(0, 1)
    for at in range(0, 2 * HOUR, 10_000):
        store.series({"name": "rising"}).put(at, at)
        if at == HOUR // 2:
            store.series({"name": "ended"}).end(at)
        store.scraped(at)
    assert {labels["name"] for labels in store.labels()} == {"constant", "rising"}
    now = 2 * HOUR
    kept = {one.labels["name"]: one for one in store.select((), -1, now)}
    assert now - HOUR - 600_000 <= kept["rising"].times[0] <= now - HOUR
    assert kept["constant"].values[0] == 1
    assert len(store.series({"name": "rising"}).times) < 500


def test_memory_is_bounded_before_time_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """With too many changes, the oldest go earlier than after an hour."""
    monkeypatch.setattr(series, "MOST_CHANGES", 1000)
    store = Store()
    for at in range(3000):
        for name in ("one", "two"):
            store.series({"name": name}).put(at * 1000, at)
        store.scraped(at * 1000)
    assert sum(len(store.series({"name": name}).times) for name in ("one", "two")) < 1200
    assert len(store.moments) < 600


@pytest.mark.parametrize(("operator", "value", "found"), [
    ("=", "shop-1", {"shop-1"}), ("!=", "shop-1", {"shop-2", "other", ""}), ("=~", "shop-.", {"shop-1", "shop-2"}),
    ("=~", "shop", set()), ("!~", "shop.*", {"other", ""}), ("=", "", {""}), ("=~", ".+", {"shop-1", "shop-2", "other"}),
    ("=~", "|other", {"other", ""}),
])  # fmt: skip
def test_matchers_choose_series(operator: str, value: str, found: set[str]) -> None:
    """Regular expressions must match the whole value; a label that is missing is empty."""
    store = Store()
    for pod in ("shop-1", "shop-2", "other", ""):
        store.series({"__name__": "x", **({"pod": pod} if pod else {})}).put(1, 1)
    store.scraped(1)
    matchers = [Matcher(name="__name__", operator="=", value="x"), Matcher(name="pod", operator=operator, value=value)]
    assert {one.labels.get("pod", "") for one in store.select(matchers, 0, 1)} == found


@pytest.mark.parametrize(("expression", "expected"), [
    (r"shop\-7\-[a-z]{5}", "shop-7-"), ("shop-1", "shop-1"), ("shop.*", "shop"), ("shops?", "shop"), ("shops{0,1}", "shop"),
    (r"a\.*", "a"), (r"a\.b", "a.b"), ("a+", "a"), ("a|b", ""), ("(?i)shop", ""), ("", ""), (r"\d+", ""), ("[ab]", ""),
    (r"a\d", "a"), (r"a\\b", "a\\b"), (r"a\\?", "a"),
])  # fmt: skip
def test_what_an_expression_begins_with_is_known(expression: str, expected: str) -> None:
    """So that few series are looked at for many pods."""
    assert prefix(expression) == expected


def test_an_expression_that_cannot_be_read_is_refused() -> None:
    """By the query, not by a crash."""
    store = Store()
    store.series({"a": "1"}).put(1, 1)
    store.scraped(1)
    with pytest.raises(BadQuery, match="regular expression"):
        list(store.select([Matcher(name="a", operator="=~", value="\\pL+")], 0, 1))
