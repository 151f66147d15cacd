"""What plug-ins see of a write and what they can do to it."""

from dataclasses import dataclass, field

import pytest

from playground.apiserver.admission import Attempt, Denial
from playground.apiserver.objects import Object
from playground.apiserver.requests import User
from tests.playground.asking import MERGE, Asking, Refused, config_map, deployment

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@dataclass
class Plugin:
    """Sets labels on ConfigMaps, refuses those with `data.bad`, and keeps what it has seen."""

    label: str
    needs: str = ""
    seen: list[Attempt] = field(default_factory=list)

    def mutate(self, attempt: Attempt) -> Object | None:
        """Label it, once the label it needs is there."""
        labels = (attempt.object or {}).get("metadata", {}).get("labels") or {}
        if attempt.resource != "configmaps" or attempt.object is None or (self.needs and self.needs not in labels):
            return None
        return {**attempt.object, "metadata": {**attempt.object["metadata"], "labels": {**labels, self.label: "yes"}}}

    def validate(self, attempt: Attempt) -> Denial | None:
        """Warn of everything, refuse what is bad."""
        self.seen.append(attempt)
        attempt.warnings.append(f"{self.label} has seen it")
        if attempt.resource == "configmaps" and "bad" in ((attempt.object or {}).get("data") or {}):
            return Denial("bad data", code=403, reason="Forbidden")
        return None


def test_what_a_later_one_changes_the_earlier_ones_see() -> None:
    """They are asked once more, so the order of plug-ins does not hide a change."""
    api = Asking([Plugin("first", needs="second"), Plugin("second")])
    assert api.ask("POST", MAPS, config_map("a"))["metadata"]["labels"] == {"first": "yes", "second": "yes"}


def test_a_denial_is_an_error_and_nothing_is_kept() -> None:
    """With the plug-in's code, reason and words; a dry run is refused alike."""
    api = Asking([Plugin("one")])
    for query in ("", "?dryRun=All"):
        with pytest.raises(Refused) as refused:
            api.ask("POST", f"{MAPS}{query}", config_map("a", bad="yes"))
        assert (refused.value.status, refused.value.message) == (403, 'configmaps "a" is forbidden: bad data')
    assert api.ask("GET", MAPS)["items"] == []


def test_warnings_reach_the_user() -> None:
    """Of every plug-in, in order."""
    api = Asking([Plugin("one"), Plugin("two")])
    api.ask("POST", MAPS, config_map("a"))
    assert api.warnings == ("one has seen it", "two has seen it")


def test_plug_ins_see_who_does_what() -> None:
    """Operation, subresource, manager, dry run, and both objects; a Scale when it is scaled."""
    plugin = Plugin("one")
    api = Asking([plugin])
    api.user = User(name="alice", groups=("system:masters",))
    api.ask("POST", f"{DEPLOYMENTS}?fieldManager=kubectl-create", deployment(replicas=1))
    api.ask("PATCH", f"{DEPLOYMENTS}/web/scale?dryRun=All", {"spec": {"replicas": 3}}, MERGE)
    api.ask("DELETE", f"{DEPLOYMENTS}/web")
    created, scaled, deleted = plugin.seen[-3:]
    assert (created.operation, created.field_manager, created.old) == ("CREATE", "kubectl-create", None)
    assert (scaled.operation, scaled.subresource, scaled.dry_run, scaled.name) == ("UPDATE", "scale", True, "web")
    assert scaled.object is not None and scaled.old is not None
    assert (scaled.object["kind"], scaled.object["spec"], scaled.old["spec"]) == ("Scale", {"replicas": 3}, {"replicas": 1})
    assert (deleted.operation, deleted.object, deleted.user.name) == ("DELETE", None, "alice")
    assert created.authorized("delete", "pods", "")


def test_admission_does_not_own_what_it_adds() -> None:
    """managedFields are those of the request, as in the real server."""
    api = Asking([Plugin("one")])
    (entry,) = api.ask("POST", MAPS, config_map("a", x="1"))["metadata"]["managedFields"]
    assert set(entry["fieldsV1"]) == {"f:data"}
