"""Who may write a Release, and who is written down as having asked, on a real API server."""

import itertools
from typing import Any

import pytest
import yaml

from tests.conformance.policies.conftest import INSTALLATION, PREFIX, Manifest, Site, grant

_names = itertools.count(1)
RESOURCES = (("apps", "deployments"), ("gateway.networking.k8s.io", "httproutes"), ("", "services"))


def release_text(name: str, route: bool = False, annotations: Manifest | None = None) -> str:
    """A Release as its author writes it."""
    spec = {"workloadRef": {"kind": "Deployment", "name": name}} | (
        {"traffic": {"httpRoute": {"name": name}}} if route else {}
    )
    meta = {"name": name, "annotations": {PREFIX + key: value for key, value in (annotations or {}).items()}}
    return yaml.safe_dump(
        {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release", "metadata": meta, "spec": spec}
    )


def made(site: Site, annotations: Manifest | None = None) -> str:
    """A Release by alice; its name."""
    name = f"release-{next(_names)}"
    site.kubectl("create", "-f", "-", input=release_text(name, annotations=annotations))
    return name


def author(site: Site, name: str) -> str | None:
    """Who is written down as having asked."""
    found: str | None = site.get("release", name)["metadata"].get("annotations", {}).get(PREFIX + "requested-by")
    return found


@pytest.mark.parametrize(("missing", "resource"), list(enumerate(r for _, r in RESOURCES)))
def test_who_may_not_update_what_a_release_acts_on_may_not_write_it(site: Site, missing: int, resource: str) -> None:
    """Each of Deployment, HTTPRoute and Services is asked for, and the refusal names the one that lacks and the remedy."""
    user = f"without-{resource}"
    grant(site, user, "release-coordinator.io", "releases")
    for group, other in RESOURCES[:missing] + RESOURCES[missing + 1 :]:
        grant(site, user, group, other)
    name = f"release-{next(_names)}"
    acting = (f"--as={user}", "--as-group=system:authenticated")
    text = release_text(name, route=True)
    create = (*acting, "create", "-f", "-")
    site.cluster.wait_for(  # Rights reach the authorizer a moment after they were given.
        lambda: f"it acts on {resource}" in site.kubectl(*create, user="admin", check=False, input=text).stderr,
        what=f"a refusal that names {resource}",
    )
    done = site.kubectl(*create, user="admin", check=False, input=text)
    assert f"User {user} may not write Release {site.namespace}/{name}" in done.stderr
    assert "needs the right to update" in done.stderr


def test_a_release_without_a_route_asks_for_no_right_on_routes(site: Site) -> None:
    """Only what is named is asked for."""
    user = "no-router"
    for group, resource in (("release-coordinator.io", "releases"), RESOURCES[0], RESOURCES[2]):
        grant(site, user, group, resource)
    text = release_text(f"release-{next(_names)}")
    create = (f"--as={user}", "--as-group=system:authenticated", "create", "-f", "-")
    site.cluster.wait_for(
        lambda: site.kubectl(*create, user="admin", check=False, input=text).returncode == 0, what="created"
    )


def refused_until_granted(site: Site, group: str, resource: str, **asked: object) -> str:
    """What somebody is told who writes a Release that asks for this, and may do all but that to this resource.

    The same Release without it is taken, and with it once the right is given.
    """
    user = f"no-{resource}-{next(_names)}"
    for known, other in (("release-coordinator.io", "releases"), *RESOURCES):
        grant(site, user, known, other)
    create = (f"--as={user}", "--as-group=system:authenticated", "create", "-f", "-")
    plain = release_text(f"release-{next(_names)}")
    site.cluster.wait_for(
        lambda: site.kubectl(*create, user="admin", check=False, input=plain).returncode == 0, what="created without"
    )
    wanted = yaml.safe_load(release_text(f"release-{next(_names)}"))
    wanted["spec"] |= asked
    told = site.kubectl(*create, user="admin", check=False, input=yaml.safe_dump(wanted)).stderr
    grant(site, user, group, resource)
    site.cluster.wait_for(
        lambda: site.kubectl(*create, user="admin", check=False, input=yaml.safe_dump(wanted)).returncode == 0, what="created"
    )
    return told


def test_who_may_not_update_a_traefik_service_may_not_have_us_mirror_by_it(site: Site) -> None:
    """As for an HTTPRoute; the definition need not be there for the rights to be asked."""
    shadow = {"type": "Shadow", "shadow": {"idempotent": True}}
    traffic = {"traefikService": {"name": "shop"}}
    told = refused_until_granted(site, "traefik.io", "traefikservices", strategy=shadow, traffic=traffic)
    assert f"it acts on traefikservices.traefik.io shop in namespace {site.namespace}" in told


_JOB = {"template": {"spec": {"containers": [{"name": "smoke", "image": "smoke:1"}]}}}
_MIGRATION = {"name": "a", "reversible": True, "backwardCompatible": True, "job": _JOB}


@pytest.mark.parametrize(
    "parts",
    [{"gates": [{"name": "smoke", "job": _JOB}]}, {"change": {"kind": "DataMigration", "migrations": [_MIGRATION]}}],
    ids=["gate", "migration"],
)
def test_who_may_not_create_jobs_may_not_have_one_run(site: Site, parts: dict[str, Any]) -> None:
    """By a gate or a migration. The refusal says so; the same Release without one is taken."""
    told = refused_until_granted(site, "batch", "jobs", **parts)
    assert f"it acts on jobs.batch in namespace {site.namespace}, which needs the right to create" in told


@pytest.mark.parametrize(
    ("group", "resource", "source"),
    [("", "configmaps", {"configMap": "flags"}), ("core.openfeature.dev", "featureflags", {"featureFlag": "flags"})],
)
def test_who_may_not_update_a_flags_object_may_not_have_it_switched(
    site: Site, group: str, resource: str, source: Manifest
) -> None:
    """The refusal names it; the same Release without the flag is taken."""
    flag = {"name": "new-cart", "source": source, "onPromotion": "on", "onRollback": "off"}
    told = refused_until_granted(site, group, resource, flags=[flag])
    assert f"it acts on {resource}{'.' if group else ''}{group} in namespace {site.namespace}" in told


@pytest.mark.parametrize(
    "request_",
    ["rollback=previous", "revert=true", "promote=full", "abort=true", "retry=true", "pause=true", "resume=true"],
)
def test_a_request_needs_the_same_rights_as_the_spec(site: Site, request_: str) -> None:
    """Or the right to annotate a Release would be the right to roll back somebody's Deployment."""
    grant(site, "annotator", "release-coordinator.io", "releases")
    name = made(site)
    acting = ("--as=annotator", "--as-group=system:authenticated")
    harmless = (*acting, "annotate", f"release/{name}", "note=1", "--overwrite")
    site.cluster.wait_for(
        lambda: site.kubectl(*harmless, user="admin", check=False).returncode == 0, what="a harmless write"
    )
    done = site.kubectl(*acting, "annotate", f"release/{name}", PREFIX + request_, user="admin", check=False)
    assert done.returncode != 0
    assert f"User annotator may not write Release {site.namespace}/{name}" in done.stderr


def test_a_misspelt_request_is_refused_with_those_that_there_are(site: Site) -> None:
    """It would be waited for in vain; what stands there already, and other people's annotations, are left alone."""
    name = made(site)
    done = site.kubectl("annotate", f"release/{name}", f"{PREFIX}rolback=previous", check=False)
    assert done.returncode != 0
    assert f"Annotation {PREFIX}rolback is no request. There are rollback, revert, promote" in done.stderr
    site.kubectl("annotate", f"release/{name}", "example.com/rolback=previous")


def test_a_request_is_stamped_with_its_author(site: Site) -> None:
    """alice asks, then bob asks something else: each is written down, and a note by a third changes nothing."""
    name = made(site)
    assert author(site, name) is None
    site.kubectl("annotate", f"release/{name}", f"{PREFIX}pause=true")
    assert author(site, name) == "alice"
    site.kubectl("annotate", f"release/{name}", f"{PREFIX}promote=step", user="bob")
    assert author(site, name) == "bob"
    site.kubectl("annotate", f"release/{name}", "note=1")
    assert author(site, name) == "bob"


def test_an_author_cannot_be_forged(site: Site) -> None:
    """With a request, with none, by taking it away, and at creation: the API server's word counts."""
    name = made(site, {"requested-by": "carol"})
    assert author(site, name) is None
    site.kubectl("annotate", f"release/{name}", f"{PREFIX}requested-by=carol")
    assert author(site, name) is None
    site.kubectl("annotate", f"release/{name}", f"{PREFIX}requested-by=carol", f"{PREFIX}abort=true")
    assert author(site, name) == "alice"
    site.kubectl("annotate", f"release/{name}", f"{PREFIX}requested-by=carol", "--overwrite", user="bob")
    assert author(site, name) == "alice"
    site.kubectl("annotate", f"release/{name}", f"{PREFIX}requested-by-", user="bob")
    assert author(site, name) == "alice"
    assert author(site, made(site, {"requested-by": "carol", "promote": "full"})) == "alice"


def test_we_take_requests_and_their_author_off(site: Site) -> None:
    """What is done leaves the annotations, with the rights that the chart gives us."""
    name = made(site, {"abort": "true"})
    # kubectl reads before it writes, which the controller has no need to.
    site.kubectl("create", "role", "reader", "--verb=get", "--resource=releases.release-coordinator.io", user="admin")
    account = f"--serviceaccount={site.namespace}:{INSTALLATION}"
    site.kubectl("create", "rolebinding", "reader", "--role=reader", account, user="admin")
    site.ours("annotate", f"release/{name}", f"{PREFIX}abort-", f"{PREFIX}requested-by-")
    assert author(site, name) is None


def test_policies_are_overridden_by_members_of_the_break_glass_group_alone(site: Site) -> None:
    """Alice is told who may; bob's name is stamped; what was written by him stays his whoever edits the Release later."""
    name = made(site)
    said = site.kubectl("annotate", f"release/{name}", f"{PREFIX}override=it burns", check=False).stderr
    assert f"User alice may not override what ReleasePolicies ask of Release {site.namespace}/{name}: that is for" in said
    assert "members of group release-coordinator:break-glass. Ask one of them" in said
    assert site.kubectl("create", "-f", "-", input=release_text(f"{name}-new", annotations={"override": "it burns"}),
                        check=False).returncode != 0  # fmt: skip
    site.kubectl("annotate", f"release/{name}", f"{PREFIX}override=it burns", user="bob")
    assert author(site, name) == "bob"
    site.kubectl("annotate", f"release/{name}", "note=x", user="alice")
    assert author(site, name) == "bob"
