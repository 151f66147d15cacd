"""What every write of an effect tests: that the object is the one that was seen, as it was seen."""

from typing import Any

import pytest

from controller.reconcile.perform import fence
from tests.patching import Refused, applied

SEEN: dict[str, dict[str, Any]] = {
    "a Deployment": {"kind": "Deployment", "metadata": {"uid": "a", "generation": 7, "resourceVersion": "41"}},
    "a Service": {"kind": "Service", "metadata": {"uid": "a", "resourceVersion": "41"}},
    "a Release": {"kind": "Release", "metadata": {"uid": "a", "generation": 7, "resourceVersion": "41"}, "status": {"turn": 3}},
}


@pytest.mark.parametrize(
    ("what", "changed", "fits"),
    [
        ("a Deployment", {}, True),
        ("a Deployment", {"metadata": {"uid": "b", "generation": 7}}, False),
        ("a Deployment", {"metadata": {"uid": "a", "generation": 9}}, False),
        ("a Deployment", {"metadata": {"uid": "a", "generation": 7, "resourceVersion": "42"}}, True),
        ("a Service", {"metadata": {"uid": "a", "resourceVersion": "42"}}, False),
        ("a Release", {"metadata": {"uid": "a", "generation": 8, "resourceVersion": "42"}}, True),
        ("a Release", {"status": {"turn": 4}}, False),
    ],
)
def test_a_write_fits_only_the_object_that_was_seen(what: str, changed: dict[str, Any], fits: bool) -> None:
    """By uid and generation; of Services, which have none, by version; of a Release by the turn of its last commit."""
    now = {**SEEN[what], **changed}
    if fits:
        assert applied(now, fence(SEEN[what])) == now
    else:
        with pytest.raises(Refused):
            applied(now, fence(SEEN[what]))
