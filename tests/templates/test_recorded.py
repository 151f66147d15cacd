"""The ready templates, and our own expositions, against facts of recorded ones."""

import re
from collections import defaultdict

import pytest

from playground.prometheus.matching import Matcher, matches
from strategies.analysis import query
from strategies.analysis.promql_tree import Selector, walk
from tests.templates import expositions
from tests.templates.asking import TEMPLATES, gate
from tests.templates.recordings import RECORDINGS, Recording
from tests.templates.test_shipped import lines, written

OURS = {"istio": expositions.ISTIO, "istio-grpc": expositions.ISTIO_GRPC, "linkerd": expositions.LINKERD,
        "ingress-nginx": expositions.INGRESS_NGINX}  # fmt: skip


def selectors(name: str, service: str | None) -> list[Selector]:
    """What the template asks for: bad ones and all, or all."""
    asked = gate(name, **({} if service is None else {"service": service}))
    parts = (asked.ratio and asked.ratio.bad, asked.ratio and asked.ratio.total, asked.latency and asked.latency.histogram,
             asked.threshold and asked.threshold.query)  # fmt: skip
    return [node for text in parts if text for node in walk(query.parse_any(text).tree) if isinstance(node, Selector)]


def rows(recording: Recording, metric: str) -> list[tuple[dict[str, str], int]]:
    """The labels and the number of each series."""
    labels, names, values = recording.metrics[metric]
    assert set(names.split()) <= set(labels.split())
    scraped = dict.fromkeys(recording.scraped.split(), recording.namespace)
    split = [row.split(",") for row in values.split()]
    return [(scraped | dict(zip(names.split(), row, strict=True)), int(number)) for *row, number in split]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda each: f"{each.product} {each.source.partition(':')[0]}")
def test_templates_choose_in_a_recording_what_users_asked(recording: Recording) -> None:
    """Metrics are there, labels but those known to be later, offered thresholds as edges; scrapes and the like are left out."""
    missing, chosen = set[str](), defaultdict[str, list[int]](list)
    for name in (name for name in TEMPLATES if name.startswith(f"{recording.product}-")):
        for selector in selectors(name, recording.service):
            if (metric := str(selector.metric)) in recording.metrics:
                known = {*recording.metrics[metric][0].split(), *recording.scraped.split()}
                missing |= {matcher.name for matcher in selector.matchers} - known
                matchers = [Matcher(name=m.name, operator=m.operator, value=m.value.replace("$namespace", recording.namespace))
                            for m in selector.matchers]  # fmt: skip
                chosen[name].append(sum(number for labels, number in rows(recording, metric) if matches(matchers, labels)))
        for parameter in TEMPLATES[name]["spec"]["parameters"]:
            if parameter["name"] == "threshold":
                offered = set(re.findall(r"\d+", parameter["description"].partition(":")[2]))
                assert {parameter["default"]} < offered <= set(recording.edges.split())
    assert (missing, chosen) == (set(recording.later.split()), recording.chosen)


@pytest.mark.parametrize("of", OURS)
def test_our_own_exposition_has_the_labels_and_edges_of_the_newest_recording(of: str) -> None:
    """No label more or less: else the tests with it would be about something that no product says."""
    newest = [each for each in RECORDINGS if of.startswith(each.product)][-1]
    besides, found, edges = set(newest.besides.split()), defaultdict[str, set[frozenset[str]]](set), set[str]()
    for series, _ in lines(written(OURS[of], defaultdict(int))):
        edges |= {series.pop("le")} if "le" in series else set()
        found[series.pop("__name__")].add(frozenset(series))
    assert edges in (set(newest.edges.split()), set())
    for metric in newest.metrics.keys() & found.keys():
        recorded = set(newest.metrics[metric][0].split())
        assert {names for names in found[metric] if not names & besides} == {frozenset(recorded)}, metric
        assert all(names - besides <= recorded for names in found[metric]), metric
