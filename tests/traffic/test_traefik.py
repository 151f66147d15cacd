"""TraefikService as a router: it copies and switches, and the owner's form comes back."""

from copy import deepcopy
from typing import Any

import pytest

from controller.traffic.router import Split, Unusable
from controller.traffic.traefik import TraefikService
from tests.patching import Refused, applied

Object = dict[str, Any]
ROUTER, OURS = TraefikService(), frozenset({"shop"})
TEE = {"name": "tee", "port": 80, "percent": 10}
FORMS: list[Object] = [
    {"name": "shop", "port": 80},
    {"name": "shop", "port": "http", "kind": "Service", "scheme": "h2c", "maxBodySize": 1024, "mirrors": [TEE]},
    {"name": "shop", "namespace": "prod", "port": 80, "sticky": {"cookie": {}}},
]


def owned(mirroring: Object) -> Object:
    """A TraefikService as its owner wrote it."""
    return {"metadata": {"name": "web", "namespace": "prod"}, "spec": {"mirroring": deepcopy(mirroring)}}


def written(found: Object, weight: int | None, mirror: int = 0) -> Object:
    """It, after a write."""
    return applied(found, ROUTER.write(found, "shop", weight, mirror))


def read(found: Object) -> Split:
    """The split of one that has one."""
    split = ROUTER.read(found, OURS)
    assert isinstance(split, Split)
    return split


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_is_read_and_the_owner_s_form_comes_back(form: Object) -> None:
    """Copies, all traffic, nothing: through each, and in any order."""
    found = owned(form)
    assert read(found).as_owned
    for weight, mirror in ((0, 100), (100, 0), (0, 30), (0, 100)):
        found = written(found, weight, mirror)
        split = read(found)
        assert (split.service, split.weight, split.mirror, split.as_owned, split.splits) == ("shop", weight, mirror, False, False)
    assert written(found, None) == owned(form)
    assert written(written(found, 100), 0) == owned(form)


@pytest.mark.parametrize("form", FORMS)
def test_a_mirror_is_reached_as_the_main_service_is_and_stands_after_the_owner_s(form: Object) -> None:
    """Port and scheme are the owner's; what is about answers, such as stickiness, is not copied."""
    *own, ours = written(owned(form), 0, 100)["spec"]["mirroring"]["mirrors"]
    assert own == form.get("mirrors", [])
    same = {key: form[key] for key in ("kind", "namespace", "port", "scheme") if key in form}
    assert ours == {**same, "name": "shop-candidate", "percent": 100}


@pytest.mark.parametrize("spec", [
    {}, {"weighted": {"services": [{"name": "shop", "port": 80}]}},
    {"weighted": {"services": []}, "mirroring": {"name": "other", "port": 80}},
    {"mirroring": {"name": "other", "port": 80}}, {"mirroring": {"name": "shop", "kind": "TraefikService"}},
    {"mirroring": {"name": "shop", "namespace": "other", "port": 80}},
])  # fmt: skip
def test_what_cannot_be_used_is_told_with_the_remedy(spec: Object) -> None:
    """Other forms, and Services of other pods, kinds and namespaces."""
    found = ROUTER.read({"metadata": {"name": "web", "namespace": "prod"}, "spec": spec}, OURS)
    assert isinstance(found, Unusable)
    assert "spec.mirroring" in found.problem


def test_what_somebody_has_changed_meanwhile_is_not_overwritten() -> None:
    """The patch tests the form that was seen."""
    seen = owned(FORMS[0])
    patch = deepcopy(ROUTER.write(seen, "shop", 0, 100))
    seen["spec"]["mirroring"]["port"] = 81
    with pytest.raises(Refused):
        applied(seen, patch)
