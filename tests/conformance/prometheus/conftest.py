"""Two of them, with the same samples: the real Prometheus as a process, and the playground's as a function."""

import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from playground.loop import Loop
from playground.prometheus.api import Api
from tests.conformance.prometheus import remote_write
from tests.conformance.prometheus.samples import Recorded, recorded
from tests.controlplane import binaries, processes

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
    folder = tmp_path_factory.mktemp("prometheus")
    try:
        program = binaries.path("prometheus")
    except binaries.Missing as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(str(problem), pytrace=False)
        pytest.skip(str(problem))
    (folder / "prometheus.yml").write_text("{}")
    process = processes.start(
        [program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
         "--web.listen-address=127.0.0.1:0", "--web.enable-remote-write-receiver"],
        folder / "log",
    )  # fmt: skip
    try:
        address = _address_when_ready(folder / "log")
        body = remote_write.encoded(samples.series)
        request = urllib.request.Request(f"http://{address}/api/v1/write", body, dict(remote_write.HEADERS))
        with urllib.request.urlopen(request, timeout=_DEADLINE) as answer:
            assert answer.status == 204
        yield lambda path, parameters: _ask(address, path, parameters)
    finally:
        processes.end(process)


def _ask(address: str, path: str, parameters: dict[str, str]) -> Answer:
    try:
        with urllib.request.urlopen(f"http://{address}{path}?{urllib.parse.urlencode(parameters)}", timeout=_DEADLINE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def _address_when_ready(log: Path) -> str:
    """It chooses a free port itself, and says which in its log."""
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        found = re.search(r'"Listening on".* address=(\S+)', log.read_text())
        try:
            if found:
                with urllib.request.urlopen(f"http://{found[1]}/-/ready", timeout=2):
                    return found[1]
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.05)
    pytest.fail(f"Prometheus did not become ready: {log.read_text()[-2000:]}")
