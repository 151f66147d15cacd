"""What the words in a tag mean, and that they mean the same to the application of the real control plane's tests."""

import pytest

from playground.nodes.application import BUCKETS
from playground.nodes.images import Behaviour, behaviour_of
from tests.controlplane import app


@pytest.mark.parametrize(("image", "expected"), [
    ("shop", Behaviour(version="latest")),
    ("shop:1", Behaviour(version="1")),
    ("registry.example:5000/team/shop:2.0.0-rc.1", Behaviour(version="2.0.0-rc.1")),
    ("shop:2@sha256:abc", Behaviour(version="2")),
    ("shop:2-errors20", Behaviour(version="2", error_rate=0.2)),
    ("shop:2-errors", Behaviour(version="2", error_rate=0.2)),
    ("shop:2-errors250", Behaviour(version="2", error_rate=1.0)),
    ("shop:2-slow300-startup2", Behaviour(version="2", latency=0.3, ready_after=2.0)),
    ("shop:2-slow", Behaviour(version="2", latency=0.5)),
    ("shop:2-crash", Behaviour(version="2", ends_after=0.05)),
    ("shop:2-crash7.5", Behaviour(version="2", ends_after=7.5)),
    ("shop:1-done2", Behaviour(version="1", ends_after=2.0, exit_code=0)),
    ("shop:2-neverready", Behaviour(version="2", ready_after=None)),
    ("shop:2-nopull", Behaviour(version="2", pullable=False)),
    ("shop:crash", Behaviour(version="crash")),
    ("shop:2-unheard5", Behaviour(version="2-unheard5")),
])  # fmt: skip
def test_a_tag_says_how_the_image_behaves(image: str, expected: Behaviour) -> None:
    """Words count after the version only; what is no word belongs to the version."""
    assert behaviour_of(image, {}) == expected


def test_variables_go_before_words() -> None:
    """Those that make no sense are passed over."""
    given = {"ERROR_RATE": "0.5", "VERSION": "9", "LINGER": "soon", "CRASH_AFTER": "", "START_UP": "inf", "LATENCY": "0.1"}
    assert behaviour_of("shop:2-errors1", given) == Behaviour(version="9", error_rate=0.5, latency=0.1)


@pytest.mark.parametrize(
    "image",
    ["shop:1", "shop:2-errors30-slow20", "a.b:1/shop:2-rc.1-startup3-crash9", "shop:3-neverready", "shop:1-done3"],
)
def test_a_tag_means_the_same_to_the_tests_application(image: str) -> None:
    """So that one manifest tells one story here and on the real control plane."""
    version, settings = app.read_tag(image)
    here = behaviour_of(image, {})
    assert here.version == version
    assert here.error_rate == settings.get("ERROR_RATE", 0)
    assert here.latency == settings.get("LATENCY", 0)
    assert here.ends_after == settings.get("CRASH_AFTER", settings.get("DONE_AFTER"))
    assert (here.ready_after is None) == bool(settings.get("NEVER_READY"))
    assert settings.get("START_UP", here.ready_after) == here.ready_after


def test_the_histogram_has_the_buckets_of_the_tests_application() -> None:
    """A gate on latency reads the same edges on both."""
    assert BUCKETS == app.BUCKETS
