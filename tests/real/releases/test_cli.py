"""releasectl on the real control plane: releases from their start to their end with nothing else, as alice has it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from tests.controlplane import access
from tests.controlplane.cluster import ROOT
from tests.real.releases.shop import GROUP, Shop

MakeShop = Callable[..., Shop]
APPROVED = {"type": "Canary", "canary": {"steps": [{"weight": 20, "approval": True}, {"weight": 40, "duration": "10m"},
                                                   {"weight": 100}]}}  # fmt: skip


class Releasectl:
    """The program in a process of its own, with somebody's kubeconfig."""

    def __init__(self, shop: Shop, kubeconfig: str | None = None) -> None:
        self._shop, self._kubeconfig = shop, kubeconfig or str(shop.plane.kubeconfig("alice"))

    def __call__(self, command: str, *arguments: str, code: int = 0, name: str | None = None) -> str:
        """Run a command on the shop's Release; its stdout, or stderr where it is meant to fail."""
        running = self.start(command, *arguments, name=name)
        stdout, stderr = running.communicate(timeout=120)
        assert running.returncode == code, f"{running.args}: {running.returncode}\n{stdout}\n{stderr}"
        assert "Traceback" not in stderr
        return stdout or stderr

    def start(self, command: str, *arguments: str, name: str | None = None) -> subprocess.Popen[str]:
        """Begin a command."""
        argv = [sys.executable, "-m", "controller.cli", command, name or self._shop.name, "-n", self._shop.namespace, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "KUBECONFIG": self._kubeconfig}
        return subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def read(self, command: str, *arguments: str, code: int = 0) -> Any:
        """The document that a command prints."""
        return json.loads(self(command, *arguments, "-o", "json", code=code))


def test_a_canary_is_led_through_and_taken_back_with_releasectl_alone(shop: MakeShop) -> None:
    """Approved, paused, resumed, promoted to all traffic, completed; then rolled back by hand."""
    checkout = shop(pods=4)
    checkout.release(strategy=APPROVED)
    releasectl = Releasectl(checkout)
    assert "Healthy, 1." in releasectl("status", "--wait", "--timeout", "30s")
    checkout.ship("2")
    assert "AwaitingApproval" in releasectl("status", "--wait", "--for", "phase=AwaitingApproval", "--timeout", "60s")
    assert releasectl.read("get")["status"]["trial"]["step"]["weight"] == 20
    explained = releasectl.read("explain")
    assert (explained["phase"], explained["unread"]) == ("AwaitingApproval", [])
    assert all(check["held"] for check in explained["checks"]), explained["checks"]
    assert f"releasectl promote checkout -n {checkout.namespace}" in [c["command"] for c in explained["commands"]]
    assert "is done." in releasectl("promote")
    releasectl("status", "--wait", "--for", "phase=Progressing", "--timeout", "60s")
    assert "Paused by alice: lunch." in releasectl("pause", "--because", "lunch")
    assert releasectl.read("status", code=3)["phase"] == "Paused"
    assert releasectl.read("resume")["author"] == "alice"
    checkout.wait_for_trial_weight(43)
    assert "is done." in releasectl("promote", "--full")
    lines = releasectl("watch", "--until-done").splitlines()
    assert "Healthy/AtRest" in lines[-1]
    assert releasectl.read("history")[-1]["outcome"] == "Completed"
    assert checkout.images() == {"shop:2": 4}
    assert "is done. Rollback from" in releasectl("rollback", "--to", "version:1")
    assert "Healthy, 1." in releasectl("status", "--wait", "--timeout", "60s")
    assert checkout.images() == {"shop:1": 4}
    assert checkout.left_behind() == []


def test_an_abort_is_seen_by_scripts_and_refusals_say_what_to_do(shop: MakeShop) -> None:
    """Exit 1 for a release that was taken back, for a request that makes no sense, and for one by somebody without the right."""
    checkout = shop(pods=2)
    checkout.release(strategy=APPROVED)
    releasectl = Releasectl(checkout)
    assert "is refused. There is nothing to abort" in releasectl("abort", code=1)
    checkout.ship("2")
    releasectl("status", "--wait", "--for", "phase=AwaitingApproval", "--timeout", "60s")
    looking = Releasectl(checkout, _viewer(checkout))
    assert "You may not patch releases in" in looking("abort", code=1)
    assert any("you may not patch deployments" in said for said in looking.read("explain")["unread"])
    assert "Did you mean checkout?" in releasectl("abort", code=4, name="chekout")
    assert "is done. Aborted by alice: odd." in releasectl("abort", "--because", "odd")
    assert "RolledBack" in releasectl("status", "--wait", "--timeout", "60s", code=1)
    assert releasectl.read("explain")["before"]["outcome"] == "Aborted"
    releasectl("revert")
    releasectl("status", "--wait", "--for", "healthy", "--timeout", "60s")
    assert checkout.left_behind() == []


def _viewer(shop: Shop) -> str:
    """The kubeconfig of somebody who may look at everything in the cluster's workloads and change nothing."""
    groups = ["", "apps", "autoscaling", "discovery.k8s.io", "events.k8s.io", "gateway.networking.k8s.io", GROUP]
    rules = [{"apiGroups": groups, "resources": ["*"], "verbs": ["get", "list", "watch"]}]
    token = access.service_account(shop.plane.client(), f"{shop.namespace}-viewer", f"{shop.namespace}-viewer", rules)
    path = shop.plane.folder / f"kubeconfig-{shop.namespace}-viewer"
    access.write_kubeconfig(path, shop.plane.server, shop.plane.certificate, token)
    return str(path)
