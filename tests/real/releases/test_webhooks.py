"""Gates that a web server answers, and alerts that are pushed, on a real cluster with the chart's own settings."""

import base64
import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.controlplane import processes
from tests.controlplane.alertmanager import Alertmanager
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.namespace import NODE_ADDRESS
from tests.real.releases.installation import Installation
from tests.real.releases.shop import STANDING, Shop

MakeShop = Callable[..., Shop]
KEY, TOKEN = "k3y-of-the-tests", "t0ken-of-the-tests"


class Judge:
    """A web server that says what it is told to, by the Release's name, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, list[dict[str, str]]] = {}
        self.sent: list[tuple[dict[str, str], bytes]] = []
        judge = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                judge.sent.append((dict(self.headers.items()), body))
                answers = judge.answers[json.loads(body)["release"]["name"]]
                answer = json.dumps(answers.pop(0) if len(answers) > 1 else answers[0]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        self.server = ThreadingHTTPServer((NODE_ADDRESS, processes.free_port(NODE_ADDRESS)), Handler)
        self.url = f"http://{NODE_ADDRESS}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def judge(plane: ControlPlane, product: Installation) -> Iterator[Judge]:
    """The installation allows this server, and receives alerts; afterwards it is as it was."""
    found = Judge()
    for name, key, value in (("qa", "key", KEY), ("alerts", "token", TOKEN)):
        data = {key: base64.b64encode(value.encode()).decode()}
        plane.api("POST", f"/api/v1/namespaces/{product.namespace}/secrets", {"metadata": {"name": name}, "data": data})
    product.install(f"webhooks[0].url={found.url}", "webhooks[0].secretName=qa", "alertReceiver.enabled=true",
                    "alertReceiver.secretName=alerts")  # fmt: skip
    yield found
    product.install()
    found.server.shutdown()


def gate(url: str, *at: str) -> dict[str, Any]:
    """A gate that asks there."""
    return {"name": "qa", "at": list(at), "webhook": {"url": f"{url}/gate", "interval": "1s"}}


def test_a_web_server_is_asked_until_it_says_pass_once_for_each_step(shop: MakeShop, judge: Judge) -> None:
    """Signed with the administrators' key, under one key for each step; `wait` is asked again."""
    judge.answers["checkout"] = [{"verdict": "wait", "message": "12 of 42"}, {"verdict": "pass", "message": "42 checks"}]
    checkout = shop("checkout", pods=2)
    checkout.release(gates=[gate(judge.url, "before-traffic", "step")])
    checkout.ship("2")
    checkout.wait_for_outcome("Completed")
    mine = [(h, b) for h, b in judge.sent if json.loads(b)["release"]["namespace"] == checkout.namespace]
    ids = [headers["Idempotency-Key"] for headers, _ in mine]
    assert len(ids) == 4
    assert len(set(ids)) == 3  # The preview, asked twice, and two steps.
    for headers, body in mine:
        time_, _, code = headers["Release-Coordinator-Signature"].partition(",v1=")
        signed = hmac.new(KEY.encode(), time_.removeprefix("t=").encode() + b"." + body, hashlib.sha256)
        assert hmac.compare_digest(code, signed.hexdigest())
    assert json.loads(mine[0][1])["candidate"]["version"] == "2"


def test_a_no_takes_the_release_back_with_its_words(shop: MakeShop, judge: Judge) -> None:
    """Before users, here."""
    judge.answers["cart"] = [{"verdict": "fail", "message": "carts are empty"}]
    cart = shop("cart", pods=1)
    cart.release(gates=[gate(judge.url, "before-traffic")])
    cart.ship("2")
    cart.wait_for_outcome("Rejected")
    assert "the webhook says fail: carts are empty" in cart.status()["history"][-1]["message"]
    assert cart.images() == {"shop:1": 1}


def test_a_server_that_nobody_has_allowed_blocks_the_start_and_hears_nothing(shop: MakeShop, judge: Judge) -> None:
    """Another port of the same host is another server."""
    other = Judge()
    stranger = shop("stranger", pods=1)
    stranger.release(gates=[gate(other.url, "step")])
    stranger.ship("2")
    status = stranger.wait_for_phase("Blocked")
    other.server.shutdown()
    assert status["reason"] == "GateUnusable"
    assert "is not among the web servers that gates may ask" in status["message"]
    assert other.sent == []


def test_an_alert_that_the_release_names_takes_it_back(shop: MakeShop, judge: Judge, product: Installation) -> None:
    """Sent to the pod as Alertmanager sends it: 200 once it is committed; without the token nothing happens."""
    assert judge.url
    burning = shop("burning", pods=2)
    burning.release(strategy=STANDING, rollback={"warm": {"for": "2s"}, "onAlerts": ["Burn"]})
    burning.ship("2")
    burning.wait_for_trial_weight(50)
    alert = {"status": "firing", "labels": {"alertname": "Burn", "namespace": burning.namespace, "release": "burning"},
             "annotations": {"summary": "14 times the errors"}, "startsAt": datetime.now(UTC).isoformat()}  # fmt: skip
    message = json.dumps({"version": "4", "alerts": [alert]}).encode()
    (pod,) = [p for p in product.pods() if not p["metadata"].get("deletionTimestamp")]
    url = f"http://{pod['status']['podIP']}:8082/api/v1/alerts"
    assert _send(url, message, "wrong") == 401
    assert burning.status()["phase"] == "Progressing"
    assert _send(url, message, TOKEN) == 200
    assert burning.status()["reason"] == "AlertFired"
    burning.wait_for_outcome("Rejected")
    assert burning.status()["history"][-1]["message"] == "Rolled back by itself. Alert Burn fires: 14 times the errors"


def test_a_real_alertmanager_is_understood_and_sends_until_it_is_taken(
    shop: MakeShop, judge: Judge, product: Installation, plane: ControlPlane
) -> None:
    """Configured as docs/alerts.md says: with a wrong token nothing comes in; once it is right the release is taken back."""
    assert judge.url
    burning = shop("burning", pods=2)
    burning.release(strategy=STANDING, rollback={"warm": {"for": "2s"}, "onAlerts": ["Burn"]})
    burning.ship("2")
    burning.wait_for_trial_weight(50)
    (pod,) = [p for p in product.pods() if not p["metadata"].get("deletionTimestamp")]
    token = plane.folder / "alerts-token"
    token.write_text("wrong")
    route = {"matchers": ['release!=""', 'namespace!=""'], "group_by": ["namespace", "release", "alertname"], "group_wait": "0s",
             "group_interval": "1s", "repeat_interval": "5m", "continue": True}  # fmt: skip
    webhook = {"url": f"http://{pod['status']['podIP']}:8082/api/v1/alerts", "send_resolved": False, "max_alerts": 1000,
               "http_config": {"authorization": {"credentials_file": str(token)}}}  # fmt: skip
    with Alertmanager(plane, {"name": "release-coordinator", "webhook_configs": [webhook]}, route) as alertmanager:
        labels = {"alertname": "Burn", "namespace": burning.namespace, "release": "burning"}
        alertmanager.fire(labels, {"summary": "14 times the errors"})
        plane.wait_for(lambda: "401" in plane.log_of("alertmanager").read_text(), what="a refused notification", timeout=30)
        assert burning.status()["phase"] == "Progressing"
        token.write_text(TOKEN)
        burning.wait_for_outcome("Rejected", timeout=60)
    assert burning.status()["history"][-1]["message"] == "Rolled back by itself. Alert Burn fires: 14 times the errors"


def _send(url: str, body: bytes, token: str) -> int:
    request = urllib.request.Request(url, body, {"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
