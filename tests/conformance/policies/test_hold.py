"""The hold on a real API server, against every writer: no template goes out ungated, and nobody's request fails for it."""

import itertools
import json
from collections.abc import Callable

import pytest
import yaml

from tests.conformance.policies.conftest import PREFIX, Manifest, Site, deployment_text, ours_on

LIMITS = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "30%", "maxUnavailable": 0}}
_names = itertools.count(1)


def labelled(site: Site, strategy: Manifest | None = None) -> str:
    """A Deployment of a Release, at rest, its ReplicaSet made; its name."""
    name = f"held-{next(_names)}"
    site.kubectl("apply", "-f", "-", input=deployment_text(name, strategy=strategy))
    site.ours("label", f"deploy/{name}", f"{PREFIX}release={name}")
    settled(site, name)
    return name


def held(site: Site) -> str:
    """A Deployment with a held template; its name."""
    name = labelled(site)
    site.kubectl("set", "image", f"deploy/{name}", "c=app:2")
    return name


def driven(site: Site, strategy: Manifest | None = None) -> str:
    """A Deployment with a held template, whose wheel we have taken; its name."""
    name = labelled(site, strategy)
    site.kubectl("set", "image", f"deploy/{name}", "c=app:2")
    original = json.dumps(strategy or LIMITS)
    site.ours("patch", f"deploy/{name}", "--type=json", "-p", json.dumps([
        {"op": "replace", "path": "/spec/strategy", "value": {"type": "Recreate"}},
        {"op": "add", "path": "/metadata/labels/release-coordinator.io~1driven", "value": "true"},
        {"op": "add", "path": "/metadata/annotations/release-coordinator.io~1strategy", "value": original},
    ]))  # fmt: skip
    return name


def settled(site: Site, name: str) -> Manifest:
    """The Deployment, once Kubernetes' own controller has seen it."""

    def seen() -> Manifest | None:
        found = site.get("deploy", name)
        return found if found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"] else None

    return site.cluster.wait_for(seen, what=f"the Deployment controller has seen {name}") or {}


def image(deployment: Manifest) -> str:
    """The image of the template."""
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


def replica_sets(site: Site, name: str) -> int:
    """How many ReplicaSets the Deployment has."""
    return len(yaml.safe_load(site.kubectl("get", "rs", "-l", f"app={name}", "-o", "yaml").stdout)["items"])


def _apply(*options: str) -> Callable[[Site, str], str]:
    def write(site: Site, name: str) -> str:
        return site.kubectl("apply", *options, "-f", "-", input=deployment_text(name, "app:2")).stderr

    return write


def _patch(form: str, body: object) -> Callable[[Site, str], str]:
    return lambda site, name: site.kubectl("patch", f"deploy/{name}", f"--type={form}", "-p", json.dumps(body)).stderr


def _run(*arguments: str) -> Callable[[Site, str], str]:
    return lambda site, name: site.kubectl(*(a.format(name=name) for a in arguments)).stderr


_CONTAINERS = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "app:2"}]}}}}
_ROUTE_AROUND = {"metadata": {"labels": None}, "spec": {"paused": False, "template": _CONTAINERS["spec"]["template"]}}
WRITERS: dict[str, Callable[[Site, str], str]] = {
    "kubectl set image": _run("set", "image", "deploy/{name}", "c=app:2"),
    "kubectl apply": _apply(),
    "server-side apply with force": _apply("--server-side", "--force-conflicts", "--field-manager=flux"),
    "kubectl replace": lambda site, name: site.kubectl("replace", "-f", "-", input=deployment_text(name, "app:2")).stderr,
    "strategic merge patch": _patch("strategic", _CONTAINERS),
    "JSON patch": _patch("json", [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "app:2"}]),
    "a patch that nulls labels and unpauses": _patch("strategic", _ROUTE_AROUND),
    "kubectl rollout restart": _run("rollout", "restart", "deploy/{name}"),
    "kubectl edit": _run("edit", "deploy/{name}"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_every_writer_succeeds_and_its_template_is_held(site: Site, writer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paused, marked, signed with the user's name, told to the user; and Kubernetes makes no ReplicaSet for it."""
    monkeypatch.setenv("KUBE_EDITOR", "sed -i s/app:1/app:2/")
    name = labelled(site)
    before = site.get("deploy", name)
    said = WRITERS[writer](site, name)
    after = settled(site, name)
    assert after["spec"]["template"] != before["spec"]["template"]
    assert after["spec"]["paused"] is True
    assert ours_on(after) == {"release": name, "held": "true"}
    assert after["metadata"]["annotations"][PREFIX + "changed-by"] == "alice"
    assert "the new template is held" in said
    assert replica_sets(site, name) == 1


def test_rollout_undo_is_held_and_brings_no_mark_back(site: Site) -> None:
    """`undo` copies annotations from the old ReplicaSet: none of ours comes back as if it were new."""
    name = held(site)
    site.ours("patch", f"deploy/{name}", "--type=json", "-p", json.dumps([
        {"op": "add", "path": "/metadata/annotations/release-coordinator.io~1strategy", "value": "stale"},
        {"op": "replace", "path": "/spec/paused", "value": False},
        {"op": "remove", "path": "/metadata/labels/release-coordinator.io~1held"},
    ]))  # fmt: skip
    settled(site, name)
    site.cluster.wait_for(lambda: replica_sets(site, name) == 2, what="the second ReplicaSet")
    site.ours("annotate", f"deploy/{name}", f"{PREFIX}strategy-", f"{PREFIX}changed-by-")
    site.kubectl("rollout", "undo", f"deploy/{name}")
    after = settled(site, name)
    assert (image(after), after["spec"]["paused"], ours_on(after)["held"]) == ("app:1", True, "true")
    assert PREFIX + "strategy" not in after["metadata"]["annotations"]


def test_server_side_apply_without_force_goes_on_in_mid_release(site: Site) -> None:
    """The owner's next `helm upgrade` meets no conflict on what the policy or we have changed."""
    name = f"held-{next(_names)}"
    options = ("--server-side", "--field-manager=helm")
    site.kubectl("apply", *options, "-f", "-", input=deployment_text(name))
    site.ours("label", f"deploy/{name}", f"{PREFIX}release={name}")
    site.kubectl("apply", *options, "-f", "-", input=deployment_text(name, "app:2"))
    site.ours("patch", f"deploy/{name}", "--type=json", "--field-manager=ours", "-p", json.dumps([
        {"op": "replace", "path": "/spec/strategy", "value": {"type": "Recreate"}},
        {"op": "add", "path": "/metadata/labels/release-coordinator.io~1driven", "value": "true"},
    ]))  # fmt: skip
    for tag in ("app:2", "app:3", "app:3"):
        site.kubectl("apply", *options, "-f", "-", input=deployment_text(name, tag))
        after = site.get("deploy", name)
        assert (image(after), after["spec"]["paused"], after["spec"]["strategy"]) == (tag, True, {"type": "Recreate"})
        assert ours_on(after).items() >= {"release": name, "held": "true", "driven": "true"}.items()


def test_a_template_that_returns_to_stables_is_held_until_we_unpause(site: Site) -> None:
    """Whether it is stable's is for the controller to say, not for a comparison with the last request."""
    name = held(site)
    site.kubectl("set", "image", f"deploy/{name}", "c=app:1")
    after = settled(site, name)
    assert (image(after), after["spec"]["paused"], ours_on(after)["held"]) == ("app:1", True, "true")


UNPAUSES: dict[str, Callable[[Site, str], str]] = {
    "paused: false": _patch("merge", {"spec": {"paused": False}}),
    "paused: null": _patch("merge", {"spec": {"paused": None}}),
    "replace without paused": lambda site, name: site.kubectl("replace", "-f", "-", input=deployment_text(name, "app:2")).stderr,
    "labels nulled": _patch("merge", {"metadata": {"labels": None}, "spec": {"paused": False}}),
    "labels forged": _patch(
        "merge", {"metadata": {"labels": {PREFIX + "held": "no", PREFIX + "release": "x"}}, "spec": {"paused": False}}
    ),
}  # fmt: skip


@pytest.mark.parametrize("writer", UNPAUSES)
def test_what_is_held_stays_paused_and_the_user_is_told(site: Site, writer: str) -> None:
    """A GitOps tool's `paused: false` or a replace neither fails nor undoes anything; twice over, it is told twice."""
    name = held(site)
    for _ in range(2):
        said = UNPAUSES[writer](site, name)
        after = settled(site, name)
        assert after["spec"]["paused"] is True
        assert ours_on(after).items() >= {"release": name, "held": "true"}.items()
        assert "driven" not in ours_on(after)
        assert f"kubectl annotate release {name} -n {site.namespace} release-coordinator.io/promote=step" in said
    site.kubectl("annotate", f"deploy/{name}", "note=1")
    assert "kept-back" not in ours_on(site.get("deploy", name))


def test_labels_cannot_be_taken_off_one_by_one(site: Site) -> None:
    """`kubectl label …-` succeeds, as GitOps tools need it to, and changes nothing."""
    name = driven(site)
    before = ours_on(site.get("deploy", name))
    for label in ("release", "held", "driven"):
        site.kubectl("label", f"deploy/{name}", f"{PREFIX}{label}-")
    assert ours_on(site.get("deploy", name)) == before == {"release": name, "held": "true", "driven": "true"}


def test_labels_cannot_be_changed_through_the_status(site: Site) -> None:
    """The status subresource is not seen by the policy; Kubernetes keeps labels there by itself."""
    name = driven(site)
    before = ours_on(site.get("deploy", name))
    body = json.dumps({"metadata": {"labels": {PREFIX + "driven": None, PREFIX + "held": None}}})
    site.kubectl("patch", f"deploy/{name}", "--subresource=status", "--type=merge", "-p", body, user="admin")
    assert ours_on(site.get("deploy", name)) == before


def test_nobody_but_us_can_invent_a_mark(site: Site) -> None:
    """A user's own labels of our names vanish: no hold without a Release."""
    name = f"held-{next(_names)}"
    site.kubectl("apply", "-f", "-", input=deployment_text(name))
    for label in ("release=x", "held=true", "driven=true"):
        site.kubectl("label", f"deploy/{name}", PREFIX + label)
    site.kubectl("annotate", f"deploy/{name}", f"{PREFIX}changed-by=bob")
    marked = labelled(site)
    site.kubectl("label", f"deploy/{marked}", f"{PREFIX}held=true", f"{PREFIX}driven=true")
    site.kubectl("annotate", f"deploy/{marked}", f"{PREFIX}changed-by=bob", f"{PREFIX}strategy=x")
    assert "release" not in ours_on(site.get("deploy", name))
    after = site.get("deploy", marked)
    assert ours_on(after) == {"release": marked}
    assert [key for key in after["metadata"]["annotations"] if key.startswith(PREFIX)] == []


def test_resume_is_refused_with_the_commands_to_use_instead(site: Site) -> None:
    """Without the guard `kubectl rollout resume` would say `resumed` and do nothing."""
    name = held(site)
    done = site.kubectl("rollout", "resume", f"deploy/{name}", check=False)
    assert done.returncode != 0
    assert f"is held by Release {name}" in done.stderr
    for request in ("promote=step", "abort=true", "revert=true"):
        assert f"kubectl annotate release {name} -n {site.namespace} release-coordinator.io/{request}" in done.stderr
    assert site.get("deploy", name)["spec"]["paused"] is True


def test_a_persons_own_pause_stays_theirs(site: Site) -> None:
    """Pause and resume at rest pass untouched and unremarked."""
    name = labelled(site)
    assert site.kubectl("rollout", "pause", f"deploy/{name}").stderr == ""
    assert site.get("deploy", name)["spec"]["paused"] is True
    assert site.kubectl("rollout", "resume", f"deploy/{name}").stderr == ""
    assert "paused" not in site.get("deploy", name)["spec"]


def test_everything_else_passes_untouched_and_unremarked(site: Site) -> None:
    """Replicas, by spec or scale, annotations, foreign labels and limits of a held Deployment are the owner's."""
    name = held(site)
    said = [
        site.kubectl("scale", f"deploy/{name}", "--replicas=3").stderr,
        site.kubectl("scale", f"deploy/{name}", "--replicas=0").stderr,
        _patch("merge", {"spec": {"revisionHistoryLimit": 7, "strategy": {"rollingUpdate": {"maxSurge": 2}}}})(site, name),
        site.kubectl("annotate", f"deploy/{name}", "a=b").stderr,
        site.kubectl("label", f"deploy/{name}", "team=shop").stderr,
    ]
    after = site.get("deploy", name)
    assert said == [""] * 5
    assert (after["spec"]["replicas"], after["spec"]["revisionHistoryLimit"]) == (0, 7)
    assert after["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 2
    assert (after["metadata"]["annotations"]["a"], after["metadata"]["labels"]["team"]) == ("b", "shop")


def test_other_deployments_do_not_meet_the_policy(site: Site) -> None:
    """Without our label a change goes out as always."""
    name = f"held-{next(_names)}"
    site.kubectl("apply", "-f", "-", input=deployment_text(name))
    assert site.kubectl("set", "image", f"deploy/{name}", "c=app:2").stderr == ""
    assert "paused" not in site.get("deploy", name)["spec"]


STRATEGIES: dict[str, tuple[Callable[[Site, str], str], bool]] = {
    "another strategy": (
        _patch("merge", {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3}}}}),
        True,
    ),
    "limits alone": (_patch("merge", {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 3}}}}), True),
    "strategy: null": (_patch("merge", {"spec": {"strategy": None}}), True),
    "the same manifest applied again": (_apply(), False),
    "the same manifest applied by another manager": (_apply("--server-side", "--force-conflicts", "--field-manager=flux"), False),
}  # fmt: skip


@pytest.mark.parametrize("writer", STRATEGIES)
def test_the_strategy_is_kept_while_we_drive(site: Site, writer: str) -> None:
    """Kubernetes must go on leaving it alone; the owner is told only when he wanted something new, each time."""
    write, told = STRATEGIES[writer]
    name = driven(site)
    for _ in range(2):
        said = write(site, name)
        after = settled(site, name)
        assert after["spec"]["strategy"] == {"type": "Recreate"}
        assert after["spec"]["paused"] is True
        assert json.loads(after["metadata"]["annotations"][PREFIX + "strategy"]) == LIMITS
        assert ("the change of spec.strategy was kept back" in said) is told


@pytest.mark.parametrize("limits", [{"maxSurge": "30%", "maxUnavailable": 0}, {"maxSurge": 2, "maxUnavailable": "10%"}])
def test_whatever_strategy_a_driven_one_has_is_kept(site: Site, limits: Manifest) -> None:
    """Number by number, also one that is not ours: Recreate on what somebody unpaused meanwhile would take its pods away."""
    name, rolling = driven(site), {"type": "RollingUpdate", "rollingUpdate": limits}
    site.ours("patch", f"deploy/{name}", "--type=json", "-p", json.dumps([
        {"op": "replace", "path": "/spec/strategy", "value": rolling}
    ]))  # fmt: skip
    site.kubectl("patch", f"deploy/{name}", "--type=json", "-p", json.dumps([
        {"op": "replace", "path": "/spec/strategy", "value": {"type": "Recreate"}}
    ]))  # fmt: skip
    assert settled(site, name)["spec"]["strategy"] == rolling


def test_our_own_template_is_held_and_our_own_unpause_passes(site: Site) -> None:
    """Revert and rollback are held like any change; then one write takes marks, strategy and pause off."""
    name = driven(site)
    body = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "app:1"}]}}, "paused": False}}
    site.ours("patch", f"deploy/{name}", "--type=strategic", "-p", json.dumps(body))
    after = site.get("deploy", name)
    assert (image(after), after["spec"]["paused"], ours_on(after)["held"]) == ("app:1", True, "true")
    site.ours("patch", f"deploy/{name}", "--type=json", "-p", json.dumps([
        {"op": "test", "path": "/metadata/generation", "value": after["metadata"]["generation"]},
        {"op": "replace", "path": "/spec/strategy", "value": LIMITS},
        {"op": "replace", "path": "/spec/paused", "value": False},
        {"op": "remove", "path": "/metadata/labels/release-coordinator.io~1held"},
        {"op": "remove", "path": "/metadata/labels/release-coordinator.io~1driven"},
        {"op": "remove", "path": "/metadata/annotations/release-coordinator.io~1strategy"},
    ]))  # fmt: skip
    after = settled(site, name)
    assert "paused" not in after["spec"]
    assert (after["spec"]["strategy"], ours_on(after)) == (LIMITS, {"release": name})


def test_a_probe_in_a_dry_run_shows_that_the_hold_works(site: Site) -> None:
    """The controller labels and changes in one dry run, and sees paused before it relies on the policy."""
    name = f"held-{next(_names)}"
    site.kubectl("apply", "-f", "-", input=deployment_text(name))
    body = {
        "metadata": {"labels": {PREFIX + "release": name}},
        "spec": {"template": {"metadata": {"annotations": {"probe": "1"}}}},
    }
    answer = yaml.safe_load(
        site.ours("patch", f"deploy/{name}", "--dry-run=server", "-o", "yaml", "--type=merge", "-p", json.dumps(body)).stdout
    )
    assert answer["spec"]["paused"] is True
    assert "paused" not in site.get("deploy", name)["spec"]
