"""Gates that a web server answers, who is told of releases, and alerts that are pushed, by the chart's own settings."""

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
    """A web server that says what it is told to, by the Release's name, and keeps what it was sent.

    It takes notifications, too: CloudEvents at /events, an Apprise's at /notify/all, and at /hang it never answers.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[dict[str, str]]] = {}
        self.sent: list[tuple[dict[str, str], bytes]] = []
        self.told: list[tuple[str, dict[str, str], bytes]] = []
        self.over = threading.Event()
        judge = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/gate":
                    judge.sent.append((dict(self.headers.items()), body))
                    answers = judge.answers[json.loads(body)["release"]["name"]]
                    answer = json.dumps(answers.pop(0) if len(answers) > 1 else answers[0]).encode()
                else:
                    judge.told.append((self.path, dict(self.headers.items()), body))
                    answer = b""
                if self.path == "/hang":
                    judge.over.wait()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        self.server = ThreadingHTTPServer((NODE_ADDRESS, processes.free_port(NODE_ADDRESS)), Handler)
        self.url = f"http://{NODE_ADDRESS}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self) -> None:
        """No server any more."""
        self.over.set()
        self.server.shutdown()

    def events(self, namespace: str) -> list[dict[str, Any]]:
        """The CloudEvents of a namespace, in the order in which they came; whether each is signed is looked at, too."""
        found = [(headers, body) for path, headers, body in self.told if path == "/events"]
        assert all(signed(headers, body) for headers, body in found)
        return [event for _, body in found if (event := json.loads(body))["data"]["release"]["namespace"] == namespace]

    def titles(self, namespace: str) -> list[str]:
        """What an Apprise was told of a namespace."""
        found = [json.loads(body)["title"] for path, _, body in self.told if path == "/notify/all"]
        return [title.partition("/")[2] for title in found if title.startswith(f"{namespace}/")]


def signed(headers: dict[str, str], body: bytes) -> bool:
    """Whether it has the administrators' signature."""
    time_, _, code = headers["Release-Coordinator-Signature"].partition(",v1=")
    made = hmac.new(KEY.encode(), time_.removeprefix("t=").encode() + b"." + body, hashlib.sha256)
    return hmac.compare_digest(code, made.hexdigest())


@pytest.fixture(scope="module")
def judge(plane: ControlPlane, product: Installation) -> Iterator[Judge]:
    """The installation allows this server, tells it, and receives alerts; afterwards it is as it was."""
    found = Judge()
    for name, key, value in (("qa", "key", KEY), ("alerts", "token", TOKEN)):
        data = {key: base64.b64encode(value.encode()).decode()}
        plane.api("POST", f"/api/v1/namespaces/{product.namespace}/secrets", {"metadata": {"name": name}, "data": data})
    product.install(f"webhooks[0].url={found.url}", "webhooks[0].secretName=qa", "alertReceiver.enabled=true",
                    "alertReceiver.secretName=alerts", f"notifications[0].url={found.url}/hang",
                    f"notifications[1].url={found.url}/events", "notifications[1].secretName=qa",
                    f"notifications[2].url={found.url}/notify/all", "notifications[2].form=Apprise")  # fmt: skip
    yield found
    found.over.set()
    product.install()
    found.end()


def gate(url: str, *at: str) -> dict[str, Any]:
    """A gate that asks there."""
    return {"name": "qa", "at": list(at), "webhook": {"url": f"{url}/gate", "interval": "1s"}}


def test_a_web_server_is_asked_until_it_says_pass_once_for_each_step(shop: MakeShop, judge: Judge, plane: ControlPlane) -> None:
    """Signed with the administrators' key, under one key for each step; `wait` is asked again. And people are told of it."""
    judge.answers["checkout"] = [{"verdict": "wait", "message": "12 of 42"}, {"verdict": "pass", "message": "42 checks"}]
    checkout = shop("checkout", pods=2)
    checkout.release(gates=[gate(judge.url, "before-traffic", "step")])
    checkout.ship("2")
    checkout.wait_for_outcome("Completed")
    mine = [(h, b) for h, b in judge.sent if json.loads(b)["release"]["namespace"] == checkout.namespace]
    ids = [headers["Idempotency-Key"] for headers, _ in mine]
    assert len(ids) == 4
    assert len(set(ids)) == 3  # The preview, asked twice, and two steps.
    assert all(signed(headers, body) for headers, body in mine)
    assert json.loads(mine[0][1])["candidate"]["version"] == "2"
    # Each once, though the first receiver of the list never answers.
    plane.wait_for(lambda: len(judge.titles(checkout.namespace)) == 2, what="both have come")
    assert "/hang" in [path for path, _, _ in judge.told]
    told = judge.events(checkout.namespace)
    assert [event["type"].rpartition(".")[2] for event in told] == ["started", "promoted"]
    assert len({event["id"] for event in told}) == 2
    assert judge.titles(checkout.namespace) == ["checkout 2: Release started", "checkout 2: Release promoted"]


def test_a_no_takes_the_release_back_with_its_words(shop: MakeShop, judge: Judge, plane: ControlPlane) -> None:
    """Before users, here; and those who are told have the words, too."""
    judge.answers["cart"] = [{"verdict": "fail", "message": "carts are empty"}]
    cart = shop("cart", pods=1)
    cart.release(gates=[gate(judge.url, "before-traffic")])
    cart.ship("2")
    cart.wait_for_outcome("Rejected")
    assert "the webhook says fail: carts are empty" in cart.status()["history"][-1]["message"]
    assert cart.images() == {"shop:1": 1}
    plane.wait_for(lambda: len(judge.titles(cart.namespace)) == 2, what="both have come")
    assert judge.titles(cart.namespace)[-1] == "cart 2: Release rolled back (Rejected)"
    assert "carts are empty" in judge.events(cart.namespace)[-1]["data"]["message"]


def test_a_server_that_nobody_has_allowed_blocks_the_start_and_hears_nothing(shop: MakeShop, judge: Judge) -> None:
    """Another port of the same host is another server."""
    other = Judge()
    stranger = shop("stranger", pods=1)
    stranger.release(gates=[gate(other.url, "step")])
    stranger.ship("2")
    status = stranger.wait_for_phase("Blocked")
    other.end()
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
