"""Gates that a Job answers, on a real cluster: made once, in the Release's namespace, and its last lines are told."""

from collections.abc import Callable
from typing import Any

from tests.controlplane.gateway import Gateway
from tests.real.releases.installation import Installation
from tests.real.releases.shop import Manifest, Shop

MakeShop = Callable[..., Shop]
_TOLD = 'echo "$RELEASE_NAME $RELEASE_VERSION step $RELEASE_STEP at $RELEASE_WEIGHT% by $RELEASE_SERVICE"'


def smoke(script: str, *at: str, **job: Any) -> Manifest:
    """A gate whose Job runs this in a shell."""
    container = {"name": "smoke", "image": "busybox", "command": ["/bin/sh", "-c", script]}
    return {"name": "smoke", "at": list(at), "job": {"template": {"spec": {"containers": [container]}}, **job}}


def jobs(shop: Shop) -> list[Manifest]:
    """Those of the namespace."""
    return list(shop.plane.api("GET", f"/apis/batch/v1/namespaces/{shop.namespace}/jobs")["items"])


def made(shop: Shop) -> int:
    """How many were ever made there, as the API server's audit log has it. A dry run has no name."""
    wanted = ("create", "jobs", shop.namespace, 201)
    return sum((c.verb, c.resource, c.namespace, c.code) == wanted and bool(c.name) for c in shop.plane.audit())


def test_a_job_is_run_before_users_and_at_the_step_and_told_what_is_on_trial(shop: MakeShop, gateway: Gateway) -> None:
    """It completes, what it wrote is in the status, and none is left."""
    checkout = shop(pods=2, gateway=gateway)
    checkout.release(gates=[smoke(f"{_TOLD}; sleep 1", "before-traffic", "step")])
    checkout.ship("2")
    said = checkout.wait_for(lambda: _said(checkout, "completed"), what="a completed Job")
    assert "it wrote: checkout 2 step 0 at 0% by checkout-candidate" in said
    checkout.wait_for_outcome("Completed")
    checkout.wait_for(lambda: not jobs(checkout), what="no Job is left")
    assert made(checkout) == 3  # The preview and two steps.
    assert checkout.images() == {"shop:2": 2}


def test_a_job_that_fails_takes_the_release_back_and_its_last_lines_say_why(shop: MakeShop) -> None:
    """Before any user has seen the candidate."""
    checkout = shop(pods=2)
    checkout.release(gates=[smoke("echo trying; echo 'GET /cart: 500'; exit 3", "before-traffic")])
    checkout.ship("2")
    checkout.wait_for_outcome("Rejected")
    assert "it wrote: trying | GET /cart: 500" in checkout.status()["history"][-1]["message"]
    assert checkout.images() == {"shop:1": 2}
    checkout.wait_for(lambda: not jobs(checkout), what="no Job is left")


def test_a_controller_that_dies_meanwhile_runs_it_no_second_time(shop: MakeShop, product: Installation) -> None:
    """Killed while the Job runs, it finds it again by its name; the release goes on with its verdict."""
    checkout = shop(pods=2)
    checkout.release(gates=[smoke("sleep 6", "before-traffic")])
    checkout.ship("2")
    checkout.wait_for(lambda: jobs(checkout), what="a Job")
    product.kill()
    checkout.wait_for_outcome("Completed")
    assert made(checkout) == 1


def test_a_template_that_the_api_server_refuses_blocks_the_start_and_is_told(shop: MakeShop) -> None:
    """Before any pod of the candidate; corrected, the release starts."""
    checkout = shop(pods=1)
    gate = smoke("true", "before-traffic")
    container = gate["job"]["template"]["spec"]["containers"][0]
    container["imagePullPolicy"] = "Sometimes"
    checkout.release(gates=[gate])
    checkout.ship("2")
    status = checkout.wait_for_phase("Blocked")
    assert status["reason"] == "GateUnusable"
    assert 'imagePullPolicy: Unsupported value: "Sometimes"' in status["message"]
    assert checkout.images() == {"shop:1": 1}
    del container["imagePullPolicy"]
    checkout.apply(checkout.manifest(gates=[gate]))
    checkout.wait_for_outcome("Completed")


def test_pod_security_of_the_namespace_decides_about_its_pods(shop: MakeShop) -> None:
    """A privileged pod is refused there as anybody's would be: the Job ends by its timeout, and the gate cannot tell."""
    checkout = shop(pods=1)
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    checkout.plane.api("PATCH", f"/api/v1/namespaces/{checkout.namespace}", labels, "application/merge-patch+json")
    gate = smoke("true", "before-traffic", timeout="2s")
    gate["job"]["template"]["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    checkout.release(gates=[gate])
    checkout.ship("2")
    checkout.wait_for(lambda: _said(checkout, "had not ended after its timeout"), what="the timeout")
    assert checkout.images() == {"shop:1": 1, "shop:2": 1}
    checkout.ask("abort")
    checkout.wait_for_outcome("Aborted")


def test_a_release_that_is_deleted_takes_its_jobs_along(shop: MakeShop) -> None:
    """Also one that runs."""
    checkout = shop(pods=1)
    checkout.release(gates=[smoke("sleep 600", "before-traffic")])
    checkout.ship("2")
    checkout.wait_for(lambda: jobs(checkout), what="a Job")
    checkout.plane.api("DELETE", checkout.release_path)
    checkout.wait_for(lambda: not jobs(checkout), what="no Job is left")
    assert checkout.images() == {"shop:1": 1}


def _said(shop: Shop, words: str) -> str:
    """The gate's message, once these words are in it; it may have moved on with the step."""
    trial = shop.status().get("trial") or {}
    said = [str(g["message"]) for g in trial.get("gates") or [] if g["name"] == "smoke"]
    said += [str(p["by"]) for p in trial.get("passed") or []]
    return next((message for message in said if words in message), "")
