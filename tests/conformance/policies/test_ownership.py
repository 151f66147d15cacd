"""What the controller writes to objects of others is in nobody's name, from the first moment on."""

import json

import pytest
import yaml

from tests.conformance.policies.conftest import INSTALLATION, Manifest, Site, deployment_text, grant

OWNER = ("--server-side", "--field-manager=helm")
_DEPLOYMENT = deployment_text("owned")
_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: owned}
spec: {selector: {app: owned}, ports: [{port: 80}]}
"""
_CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: owned}
data: {flags.json: '{"flags": {}}'}
"""
WRITES: dict[str, tuple[str, Manifest]] = {
    "deploy": (_DEPLOYMENT, {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}),
    "svc": (_SERVICE, {"spec": {"selector": {"app": "owned", "pod-template-hash": "h1"}}}),
    "cm": (_CONFIG_MAP, {"data": {"flags.json": "{}"}}),
}


def managers(site: Site, kind: str) -> list[tuple[str, str]]:
    """Who has an entry in managedFields, and for which subresource."""
    return [(e["manager"], e.get("subresource", "")) for e in site.get(kind, "owned")["metadata"].get("managedFields", [])]


@pytest.mark.parametrize("kind", WRITES)
def test_no_entry_of_ours_is_ever_kept_and_the_owner_applies_without_force(site: Site, kind: str) -> None:
    """Also where one of ours was left before the policy was there; entries of others, and of a status, stay."""
    text, change = WRITES[kind]
    patch = ("patch", f"{kind}/owned", "--type=merge", "--field-manager=ours", "-p")
    site.kubectl("apply", *OWNER, "-f", "-", user="admin", input=text)
    # An entry in our name that somebody else's request has left.
    site.kubectl("annotate", f"{kind}/owned", "a=b", "--field-manager=ours", user="admin")
    site.kubectl("annotate", f"{kind}/owned", "c=d", "--field-manager=third", user="admin")
    if kind == "deploy":
        shown = {"status": {"conditions": [{"type": "Seen", "status": "False"}]}}
        site.kubectl(*patch, json.dumps(shown), "--subresource=status", user="admin")
    # The owner's own entry loses the fields that we change: what is left of it depends on the kind.
    others = {("third", ""), *([("ours", "status")] if kind == "deploy" else [])}
    assert {("ours", ""), *others} <= set(managers(site, kind))
    if kind == "cm":  # The chart gives no right to any unless it is named, and never get, which kubectl wants.
        grant(site, f"system:serviceaccount:{site.namespace}:{INSTALLATION}", "", "configmaps")
        site.cluster.wait_for(lambda: site.ours("get", "cm/owned", check=False).returncode == 0, what="the right to ConfigMaps")
    site.ours(*patch, json.dumps(change))
    assert ("ours", "") not in managers(site, kind)
    assert set(managers(site, kind)) >= others
    site.kubectl("apply", *OWNER, "-f", "-", user="admin", input=text)
    site.kubectl("delete", f"{kind}/owned", user="admin")


def test_a_dry_run_shows_whether_the_policy_acts(site: Site) -> None:
    """The controller proves it so before each release."""
    site.kubectl("apply", *OWNER, "-f", "-", user="admin", input=WRITES["deploy"][0])
    answer = site.ours("patch", "deploy/owned", "--type=merge", "--field-manager=ours", "--dry-run=server", "-o", "yaml",
                       "--show-managed-fields", "-p", json.dumps({"spec": {"paused": True}}))  # fmt: skip
    assert [e["manager"] for e in yaml.safe_load(answer.stdout)["metadata"]["managedFields"]][:1] == ["helm"]
    assert "ours" not in answer.stdout
    site.kubectl("delete", "deploy/owned", user="admin")
