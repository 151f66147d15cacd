"""/healthz and /readyz: what they prove, and that they can say no."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from controller.kube.connection import plain
from controller.reconcile.cluster import Key
from controller.reconcile.next_turn import Next
from controller.runtime import controller as module
from controller.runtime.controller import Controller
from controller.runtime.server import Server, health_pages
from controller.settings import Settings
from tests.kube.serving import Exchange, mark, serve
from tests.kube.test_elector import LeaseServer
from tests.kube.test_reflector import eventually


@contextmanager
def _running(**settings: Any) -> Iterator[Controller]:
    leases = LeaseServer()

    def nothing_but_a_lease(exchange: Exchange) -> None:
        if "/leases" in exchange.request.path:
            leases(exchange)
        else:
            exchange.begin()
            exchange.event(*mark(1))
            exchange.hang()

    with serve(nothing_but_a_lease) as server:
        given = Settings(lease_namespace="rc", identity="pod-1", workers=2, **settings)
        controller = Controller(given, plain(server.url, "secret"))
        controller.start()
        try:
            eventually(lambda: controller.ready() and controller.elector.is_leader())
            yield controller
        finally:
            controller.stop()


def test_a_process_with_living_workers_views_and_elector_is_healthy_and_each_that_ends_is_named() -> None:
    """A cache that silently stops following, or a dead worker, must end in a restart."""
    with _running() as controller:
        assert controller.problems() == []
        controller.cluster.releases.reflectors[0].stop()
        assert controller.problems() == ["the view of releases has ended"]
        controller.elector.stop()
        assert controller.problems() == ["the view of releases has ended", "the elector has ended"]
    assert [p for p in controller.problems() if p.startswith("worker")] == ["worker 0 has ended", "worker 1 has ended"]


def test_the_policies_are_looked_for_in_the_version_that_the_cluster_serves() -> None:
    """On 1.34 and 1.35 it is v1beta1; in the other one nobody would notice that they are gone."""
    with _running(policy_version="v1beta1") as controller:
        eventually(lambda: controller.cluster.policies_installed is not None)
        assert controller.cluster.policies_installed is False
        asked = {r.resource.api_version for r in controller.cluster.standing if "admissionpolicies" in r.resource.plural}
        assert asked == {"admissionregistration.k8s.io/v1beta1"}


def test_a_worker_that_hangs_in_a_turn_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a turn that raises harms neither the worker nor the next turn."""
    go_on, turns = threading.Event(), list[str]()

    def turn(key: Key) -> Next:
        turns.append(key[1])
        if key[1] == "raises":
            raise RuntimeError("a bug")
        go_on.wait(30)
        return Next()

    with _running() as controller:
        monkeypatch.setattr(controller.reconciler, "turn", turn)
        controller.queue.add(("shop", "raises"))
        controller.queue.add(("shop", "hangs"))
        eventually(lambda: "hangs" in turns)
        assert controller.problems() == []
        monkeypatch.setattr(module, "_TURN_TAKES_LONG", 0.0)
        eventually(lambda: any("has been in one turn for" in p for p in controller.problems()))
        go_on.set()
        eventually(lambda: controller.problems() == [])
        assert "raises" in turns


def test_the_pages_answer_500_with_what_is_dead_and_503_until_the_views_are_filled() -> None:
    """Nothing else is served on the port."""
    dead, ready = list[str](), list[bool]()
    server = Server("127.0.0.1", 0, health_pages(lambda: dead, lambda: bool(ready)))
    server.start()

    def get(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    assert (get("/healthz"), get("/readyz")) == ((200, "ok\n"), (503, "the views are not filled yet\n"))
    dead.append("worker 1 has ended")
    ready.append(True)
    assert (get("/healthz"), get("/readyz")) == ((500, "worker 1 has ended\n"), (200, "ok\n"))
    assert get("/metrics")[0] == 404
    server.stop()
