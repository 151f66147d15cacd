"""Break-glass and the guard behind the hold: the two ways in which the hold is not there."""

import json
import shlex
from collections.abc import Iterator

import pytest

from tests.conformance.policies.conftest import PREFIX, Manifest, Site, apply, deployment_text, ours_on, render
from tests.conformance.policies.test_hold import LIMITS, driven, held, image, labelled, settled
from tests.controlplane.cluster import Cluster


def broken(because: str | None, label: str | None = None) -> str:
    """A patch that takes the label off, or writes another, and says why."""
    note = {} if because is None else {"annotations": {PREFIX + "break-glass": because}}
    return json.dumps({"metadata": {"labels": {PREFIX + "release": label}, **note}})


def break_glass(site: Site, name: str, because: str | None = "the shop is on fire", *, check: bool = True) -> str:
    """Bob takes the label off; what he is told."""
    done = site.kubectl("patch", f"deploy/{name}", "-p", broken(because), user="bob", check=check)
    return done.stderr


@pytest.mark.parametrize(
    ("original", "restored"),
    [
        (LIMITS, LIMITS),
        ({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": "40%"}},) * 2,
        (
            {"type": "Recreate"},
            {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        ),
    ],
)
def test_who_breaks_the_glass_gets_a_deployment_that_is_safe_to_resume(
    site: Site, original: Manifest, restored: Manifest
) -> None:
    """Marks off and a rolling strategy in one request, even where the owner's was Recreate: that would take stable away."""
    name = driven(site, original)
    break_glass(site, name)
    after = settled(site, name)
    assert (after["spec"]["strategy"], after["spec"]["paused"], ours_on(after)) == (restored, True, {})
    assert {k: v for k, v in after["metadata"]["annotations"].items() if k.startswith(PREFIX)} == {
        PREFIX + "break-glass": "the shop is on fire", PREFIX + "broken-by": "bob"}  # fmt: skip
    assert site.kubectl("rollout", "resume", f"deploy/{name}", user="bob").returncode == 0
    assert "paused" not in settled(site, name)["spec"]


def test_a_held_deployment_that_is_not_driven_keeps_its_strategy_when_the_glass_is_broken(site: Site) -> None:
    """There is nothing to restore where we have changed nothing."""
    name = held(site)
    break_glass(site, name)
    after = settled(site, name)
    assert (after["spec"]["strategy"], after["spec"]["paused"], ours_on(after)) == (LIMITS, True, {})


@pytest.mark.parametrize("because", [None, "", "  "])
def test_who_gives_no_reason_breaks_no_glass_and_is_told_what_to_type(site: Site, because: str | None) -> None:
    """The command of the message does it."""
    name = driven(site)
    said = break_glass(site, name, because, check=False)
    assert f"To take Deployment {site.namespace}/{name} out of the hands of Release" in said
    assert ours_on(site.get("deploy", name)) != {}
    command = said[said.index("kubectl patch") :].strip()
    told = shlex.split(command.replace("<why>", "the shop is on fire"))
    site.kubectl(*(word for word in told[1:] if word not in ("-n", site.namespace)), user="bob")
    assert ours_on(site.get("deploy", name)) == {}


def test_a_reason_is_of_one_time_and_its_author_is_nobodys_to_write(site: Site) -> None:
    """Nobody leaves one beforehand; with the label back both are gone, and the next time needs its own."""
    name = labelled(site)
    site.kubectl("annotate", f"deploy/{name}", f"{PREFIX}break-glass=in store", f"{PREFIX}broken-by=carol", user="bob")
    assert not [k for k in site.get("deploy", name)["metadata"].get("annotations", {}) if k.startswith(PREFIX)]
    break_glass(site, name)
    assert site.get("deploy", name)["metadata"]["annotations"][PREFIX + "broken-by"] == "bob"
    site.kubectl("label", f"deploy/{name}", f"{PREFIX}release={name}", user="bob")
    after = site.get("deploy", name)
    assert after["metadata"]["labels"][PREFIX + "release"] == name
    assert not [k for k in after["metadata"].get("annotations", {}) if k.startswith(PREFIX)]
    assert "say why in the same request" in break_glass(site, name, None, check=False)


def test_membership_alone_breaks_nothing(site: Site) -> None:
    """A member's other requests are held like everybody's."""
    name = driven(site)
    site.kubectl("set", "image", f"deploy/{name}", "c=app:9", user="bob")
    site.kubectl(
        "patch", f"deploy/{name}", "--type=merge", "-p", '{"spec":{"paused":false,"strategy":null}}', user="bob"
    )
    assert site.kubectl("rollout", "resume", f"deploy/{name}", user="bob", check=False).returncode != 0
    after = site.get("deploy", name)
    assert (image(after), after["spec"]["paused"], after["spec"]["strategy"]) == ("app:9", True, {"type": "Recreate"})
    assert after["metadata"]["annotations"][PREFIX + "changed-by"] == "bob"


def test_a_member_may_take_the_label_off_at_rest(site: Site) -> None:
    """Without anything under way nothing but the label changes."""
    name = labelled(site)
    before = site.get("deploy", name)
    break_glass(site, name)
    after = site.get("deploy", name)
    assert (after["spec"], ours_on(after)) == (before["spec"], {})


@pytest.fixture(scope="module")
def unheld(cluster: Cluster) -> Iterator[Site]:
    """A namespace in which only the guard was installed: the hold is missing."""
    namespace = cluster.namespace("guard")
    guard = [m for m in render(cluster, namespace, "guard-alone") if m["metadata"]["name"] == "guard-alone-hold-guard"]
    assert len(guard) == 2
    remove = apply(cluster, namespace, guard)
    site = Site(cluster=cluster, namespace=namespace)
    for name, labels in (
        ("rest", ("release",)),
        ("held", ("release", "held")),
        ("driven", ("release", "held", "driven")),
    ):
        site.kubectl("create", "-f", "-", input=deployment_text(name, labels=labels))
    probe = ("set", "image", "deploy/rest", "c=app:2", "--dry-run=server")
    cluster.wait_for(lambda: site.kubectl(*probe, check=False).returncode != 0, what="the guard is loaded")
    yield site
    cluster.api("DELETE", f"/api/v1/namespaces/{namespace}")
    remove()


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("rest", {"template": {"metadata": {"annotations": {"a": "b"}}}}, "would go out ungated"),
        ("held", {"paused": False}, "must stay paused"),
        ("driven", {"strategy": {"type": "Recreate", "rollingUpdate": None}}, "strategy of Deployment"),
    ],
)  # fmt: skip
def test_without_the_hold_the_guard_refuses(unheld: Site, name: str, body: Manifest, said: str) -> None:
    """A missing or late policy means a refusal with a reason, never an ungated change."""
    done = unheld.kubectl("patch", f"deploy/{name}", "--type=merge", "-p", json.dumps({"spec": body}), check=False)
    assert done.returncode != 0
    assert said in done.stderr


def test_without_the_hold_the_guard_keeps_the_labels(unheld: Site) -> None:
    """Or the label would come off first, and the change go out afterwards."""
    done = unheld.kubectl("label", "deploy/held", f"{PREFIX}held-", check=False)
    assert done.returncode != 0
    assert "kubectl delete release held" in done.stderr
