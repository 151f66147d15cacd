"""Everybody starts with an empty cluster."""

import pytest

from tests.playground.nodes.world import World


@pytest.fixture
def world() -> World:
    """At its first moment, with a node and a gateway."""
    return World()
