"""Who may write a ReleaseTrain, and who is written down as having asked, on a real API server."""

import itertools

import pytest
import yaml

from tests.conformance.policies.conftest import PREFIX, Site, grant

_names = itertools.count(1)
RESOURCES = (("release-coordinator.io", "releases"), ("apps", "deployments"))


def train(name: str) -> str:
    """A train as its author writes it."""
    members = [{"name": "web", "version": "2"}]
    return yaml.safe_dump({"apiVersion": "release-coordinator.io/v1alpha1", "kind": "ReleaseTrain", "metadata": {"name": name},
                           "spec": {"members": members}})  # fmt: skip


def made(site: Site) -> str:
    """A train by alice; its name."""
    name = f"train-{next(_names)}"
    site.kubectl("create", "-f", "-", input=train(name))
    return name


@pytest.mark.parametrize("missing", [0, 1])
def test_who_may_not_update_what_a_train_acts_on_may_not_write_it(site: Site, missing: int) -> None:
    """The refusal names what lacks; with the right the train is taken."""
    group, resource = RESOURCES[missing]
    user = f"no-{resource}-for-trains"
    for known, other in (("release-coordinator.io", "releasetrains"), RESOURCES[1 - missing]):
        grant(site, user, known, other)
    create = (f"--as={user}", "--as-group=system:authenticated", "create", "-f", "-")
    text = train(f"train-{next(_names)}")
    said = f"it acts on {resource}.{group} in namespace {site.namespace}, which needs the right to update"
    site.cluster.wait_for(lambda: said in site.kubectl(*create, user="admin", check=False, input=text).stderr, what=said)
    grant(site, user, group, resource)
    site.cluster.wait_for(
        lambda: site.kubectl(*create, user="admin", check=False, input=text).returncode == 0, what="created with the right"
    )


@pytest.mark.parametrize("request_", ["promote=full", "revert=true", "abrot=true"])
def test_what_is_no_request_of_a_train_is_refused_with_those_that_there_are(site: Site, request_: str) -> None:
    """It would be waited for in vain."""
    done = site.kubectl("annotate", f"releasetrain/{made(site)}", PREFIX + request_, check=False)
    assert f"is no request of a train. There are rollback, abort, retry, pause and resume, each behind {PREFIX}" in done.stderr


def test_a_request_is_stamped_with_its_author(site: Site) -> None:
    """As on a Release."""
    name = made(site)
    site.kubectl("annotate", f"releasetrain/{name}", f"{PREFIX}pause=true", f"{PREFIX}requested-by=carol")
    assert site.get("releasetrain", name)["metadata"]["annotations"][f"{PREFIX}requested-by"] == "alice"
