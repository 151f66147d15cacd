"""The pin on a real API server: the owner's writes keep it as long as his selector is the same, and end it when it is not."""

import itertools
import json
from collections.abc import Callable

import pytest
import yaml

from tests.conformance.policies.conftest import PREFIX, Manifest, Site, ours_on

_names = itertools.count(1)


def service_text(name: str) -> str:
    """A Service as its owner writes it."""
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})


def pinned(site: Site, *options: str) -> str:
    """A Service that we have pinned to revision h1; its name."""
    name = f"pinned-{next(_names)}"
    site.kubectl("apply", *options, "-f", "-", input=service_text(name))
    body = {"metadata": {"labels": {PREFIX + "pin": "h1"}}, "spec": {"selector": {"pod-template-hash": "h1"}}}
    site.ours("patch", f"svc/{name}", "--type=merge", "--field-manager=ours", "-p", json.dumps(body))
    return name


def seen(site: Site, name: str) -> tuple[Manifest, Manifest]:
    """The selector and our labels."""
    service = site.get("svc", name)
    return service["spec"].get("selector", {}), ours_on(service)


def _apply(*options: str) -> Callable[[Site, str], str]:
    return lambda site, name: site.kubectl("apply", *options, "-f", "-", input=service_text(name)).stderr


def _patch(form: str, body: object, *options: str) -> Callable[[Site, str], str]:
    return lambda site, name: (
        site.kubectl("patch", f"svc/{name}", f"--type={form}", "-p", json.dumps(body), *options).stderr
    )


_HASH = "/spec/selector/pod-template-hash"
KEEPERS: dict[str, Callable[[Site, str], str]] = {
    "kubectl apply": _apply(),
    "server-side apply": _apply("--server-side", "--field-manager=helm"),
    "server-side apply with force": _apply("--server-side", "--force-conflicts", "--field-manager=flux"),
    "kubectl replace": lambda site, name: site.kubectl("replace", "-f", "-", input=service_text(name)).stderr,
    "label removed": lambda site, name: site.kubectl("label", f"svc/{name}", f"{PREFIX}pin-").stderr,
    "all labels nulled": _patch("merge", {"metadata": {"labels": None}}),
    "hash removed": _patch("json", [{"op": "remove", "path": _HASH}]),
    "hash changed": _patch("json", [{"op": "replace", "path": _HASH, "value": "h2"}]),
    "label changed": _patch("merge", {"metadata": {"labels": {PREFIX + "pin": "h2"}}}),
    "ports changed": _patch("merge", {"spec": {"ports": [{"port": 81}]}}),
}


@pytest.mark.parametrize("writer", KEEPERS)
def test_the_pin_stays_while_the_owners_selector_is_the_same(site: Site, writer: str) -> None:
    """Nobody's repeated manifest gives the candidate traffic, and no writer meets an error, however often."""
    name = pinned(site, "--server-side", "--field-manager=helm") if writer == "server-side apply" else pinned(site)
    for _ in range(2):
        KEEPERS[writer](site, name)
        assert seen(site, name) == ({"app": name, "pod-template-hash": "h1"}, {"pin": "h1"})


def test_the_pin_cannot_be_taken_off_through_the_status(site: Site) -> None:
    """services/status can change labels, so the policy covers it."""
    name = pinned(site)
    body = json.dumps({"metadata": {"labels": {PREFIX + "pin": None}}})
    site.kubectl("patch", f"svc/{name}", "--subresource=status", "--type=merge", "-p", body, user="admin")
    assert seen(site, name) == ({"app": name, "pod-template-hash": "h1"}, {"pin": "h1"})


_EXTERNAL = {
    "type": "ExternalName",
    "externalName": "x.example",
    "selector": None,
    "clusterIP": None,
    "clusterIPs": None,
}
RELEASERS: dict[str, tuple[Callable[[Site, str], str], Manifest]] = {
    "another value": (_patch("merge", {"spec": {"selector": {"app": "other"}}}), {"app": "other"}),
    "another selector": (
        _patch("json", [{"op": "replace", "path": "/spec/selector", "value": {"app": "other"}}]),
        {"app": "other"},
    ),
    "one key more": (_patch("merge", {"spec": {"selector": {"tier": "web"}}}), {"tier": "web"}),
    "no selector": (_patch("json", [{"op": "remove", "path": "/spec/selector"}]), {}),
    "ExternalName": (_patch("merge", {"spec": _EXTERNAL}), {}),
}


@pytest.mark.parametrize("writer", RELEASERS)
def test_the_pin_is_let_go_when_the_owner_changes_the_selector(site: Site, writer: str) -> None:
    """His new selector counts, without our hash in it, and he is told what he has ended."""
    write, expected = RELEASERS[writer]
    name = pinned(site)
    said = write(site, name)
    selector, labels = seen(site, name)
    assert selector == ({"app": name} | expected if writer == "one key more" else expected)
    assert labels == {}
    assert f"Service {site.namespace}/{name} was pinned to revision h1" in said


def test_who_breaks_the_glass_takes_the_pin_off(site: Site) -> None:
    """As for the hold: the label goes, and the hash with it."""
    name = pinned(site)
    site.kubectl("label", f"svc/{name}", f"{PREFIX}pin-", user="bob")
    assert seen(site, name) == ({"app": name}, {})


def test_nobody_but_us_can_invent_a_pin(site: Site) -> None:
    """A user's own label would pin his Service for ever."""
    name = f"pinned-{next(_names)}"
    site.kubectl("apply", "-f", "-", input=service_text(name))
    site.kubectl("label", f"svc/{name}", f"{PREFIX}pin=h9")
    site.kubectl("annotate", f"svc/{name}", "a=b")
    assert seen(site, name) == ({"app": name}, {})


def test_we_move_and_remove_the_pin(site: Site) -> None:
    """Blue-green is one write of the pin; the end of a release is another."""
    name = pinned(site)
    move = {"metadata": {"labels": {PREFIX + "pin": "h2"}}, "spec": {"selector": {"pod-template-hash": "h2"}}}
    assert site.ours("patch", f"svc/{name}", "--type=merge", "-p", json.dumps(move)).stderr == ""
    assert seen(site, name) == ({"app": name, "pod-template-hash": "h2"}, {"pin": "h2"})
    remove = {"metadata": {"labels": {PREFIX + "pin": None}}, "spec": {"selector": {"pod-template-hash": None}}}
    assert site.ours("patch", f"svc/{name}", "--type=merge", "-p", json.dumps(remove)).stderr == ""
    assert seen(site, name) == ({"app": name}, {})
