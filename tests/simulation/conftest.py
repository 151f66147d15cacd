"""The simulation's tests are silent, and those of others that follow in the same process are not."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.simulation.world import silence


@pytest.fixture(scope="package", autouse=True)
def _silent() -> Iterator[None]:
    before, level = structlog.get_config(), logging.getLogger("controller").level
    silence()
    yield
    structlog.configure(**before)
    logging.getLogger("controller").setLevel(level)
