"""Two of them, with the same samples: the real Prometheus as a process, and the playground's as a function."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from playground.loop import Loop
from playground.prometheus.api import Api
from tests.conformance.prometheus import remote_write
from tests.conformance.prometheus.samples import Recorded, recorded
from tests.controlplane import binaries
from tests.controlplane.prometheus_alone import PrometheusAlone

Answer = tuple[int, Any]
Ask = Callable[[str, dict[str, str]], Answer]
"""A path and its parameters: status and JSON."""
_DEADLINE = 60


@pytest.fixture(autouse=True)
def _kubelet() -> None:
    """No cluster is needed here."""


@pytest.fixture(scope="session")
def samples() -> Recorded:
    """What both have."""
    return recorded()


@pytest.fixture(scope="session")
def playground(samples: Recorded) -> Ask:
    """Ask the playground's."""
    api = Api(Loop(), samples)
    return lambda path, parameters: api.handle("GET", path, urllib.parse.urlencode(parameters))


@pytest.fixture(scope="session")
def real(samples: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask the real one, which has taken in the samples."""
    try:
        alone = PrometheusAlone(tmp_path_factory.mktemp("prometheus"), {}, "--web.enable-remote-write-receiver")
    except binaries.Missing as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(str(problem), pytrace=False)
        pytest.skip(str(problem))
    with alone:
        body = remote_write.encoded(samples.series)
        request = urllib.request.Request(f"{alone.url}/api/v1/write", body, dict(remote_write.HEADERS))
        with urllib.request.urlopen(request, timeout=_DEADLINE) as answer:
            assert answer.status == 204
        yield lambda path, parameters: _ask(alone.url, path, parameters)


def _ask(url: str, path: str, parameters: dict[str, str]) -> Answer:
    try:
        with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(parameters)}", timeout=_DEADLINE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)
