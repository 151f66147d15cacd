"""The playground as people and programs meet it: over HTTPS, with tokens, until it is told to end."""

import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from playground.server import PortTaken, Serving, listen

ROOT = Path(__file__).parents[2]
PATIENCE = 60


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    """One for all tests here."""
    with Serving() as started:
        yield started
    assert started.failures == []


def connection(serving: Serving) -> closing[http.client.HTTPSConnection]:
    """A connection that trusts this server alone."""
    trust = ssl.create_default_context(cafile=serving.ca)
    return closing(http.client.HTTPSConnection("127.0.0.1", int(serving.url.rpartition(":")[2]), context=trust, timeout=PATIENCE))


def ask(serving: Serving, path: str, token: str = "", method: str = "GET", body: Any = None) -> tuple[int, Any]:
    """Status and parsed body."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with connection(serving) as server:
        server.request(method, path, None if body is None else json.dumps(body), headers)
        answer = server.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize(("user", "nodes"), [("admin", 200), ("alice", 403), ("bob", 403)])
def test_a_token_says_who_asks(serving: Serving, user: str, nodes: int) -> None:
    """And what he may."""
    assert ask(serving, "/api/v1/nodes", serving.token(user))[0] == nodes
    assert ask(serving, "/api/v1/namespaces/default/pods", serving.token(user))[0] == 200


def test_a_token_that_nobody_has_is_refused(serving: Serving) -> None:
    """401; without any, only the server's health is told."""
    assert ask(serving, "/api/v1/nodes", "guessed") == (401, {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
        "reason": "Unauthorized", "code": 401,
    })  # fmt: skip
    assert ask(serving, "/version")[0] == 200
    assert ask(serving, "/api/v1/nodes")[0] == 403


def test_a_service_account_s_token_is_its_user(serving: Serving) -> None:
    """As the API gives it out."""
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    status, answer = ask(serving, path, serving.token("admin"), "POST", {"spec": {}})
    assert status == 201
    _, review = ask(serving, "/apis/authentication.k8s.io/v1/selfsubjectreviews", answer["status"]["token"], "POST", {})
    assert review["status"]["userInfo"]["username"] == "system:serviceaccount:default:default"


@pytest.mark.parametrize(("agent", "warned"), [
    ("kubectl/v1.31.9 (linux/amd64) kubernetes/abc", True), ("kubectl.1.28/v1.28.1 (linux/amd64)", True),
    ("kubectl/v1.32.0 (linux/amd64) kubernetes/abc", False), ("kubectl/v2.0.0", False), ("curl/8.5.0", False),
])  # fmt: skip
def test_an_old_kubectl_is_told_so(serving: Serving, agent: str, *, warned: bool) -> None:
    """By a warning on every answer, which it prints once for each command; nobody else is."""
    with connection(serving) as server:
        server.request("GET", "/version", None, {"User-Agent": agent})
        said = server.getresponse().headers.get("Warning", "")
    assert ("is older than 1.32" in said and "Install a newer one" in said) is warned
    assert bool(said) is warned


def test_kubeconfigs_are_for_their_owners_eyes(serving: Serving) -> None:
    """Each has everybody's context, its user's is the current one."""
    path = serving.kubeconfig("alice")
    assert path.stat().st_mode & 0o077 == 0
    content = json.loads(path.read_text())
    assert content["current-context"] == "alice"
    assert {context["name"] for context in content["contexts"]} == {"admin", "alice", "bob", "release-coordinator"}


def test_a_watch_ends_with_its_reader(serving: Serving) -> None:
    """What happens is told at once; when the reader has gone, nobody keeps the watch."""
    watchers = serving.cluster.api.store.collection("", "configmaps").watchers
    before = serving.do(lambda: len(watchers))
    admin = serving.cluster.api.client("admin")
    with connection(serving) as server:
        headers = {"Authorization": f"Bearer {serving.token('admin')}"}
        server.request("GET", "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=0", headers=headers)
        answer = server.getresponse()
        serving.do(lambda: admin.create("configmaps", {"metadata": {"name": "seen"}}, "default"))
        while json.loads(answer.readline())["object"]["metadata"]["name"] != "seen":
            pass
        assert serving.do(lambda: len(watchers)) == before + 1
        answer.close()
    deadline = time.monotonic() + PATIENCE
    while serving.do(lambda: len(watchers)) != before:
        assert time.monotonic() < deadline, "the watch is still there"
        time.sleep(0.01)


def test_pods_of_a_deployment_become_ready(serving: Serving) -> None:
    """Controllers and kubelet work in real time, without anybody waking them."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "shop", "image": "shop:1"}]}}
    body = {
        "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }
    path = "/apis/apps/v1/namespaces/default/deployments"
    assert ask(serving, path, serving.token("alice"), "POST", body)[0] == 201
    deadline = time.monotonic() + PATIENCE
    while ask(serving, f"{path}/web", serving.token("alice"))[1]["status"].get("readyReplicas") != 2:
        assert time.monotonic() < deadline, "no ready pods"
        time.sleep(0.05)


def test_prometheus_answers_at_the_same_port(serving: Serving) -> None:
    """By path, without a token."""
    assert ask(serving, "/prometheus/api/v1/query?query=vector(1)")[1]["data"]["result"][0]["value"][1] == "1"


def test_what_is_done_in_the_serving_thread_can_fail(serving: Serving) -> None:
    """The caller gets the exception, the server goes on."""
    with pytest.raises(ZeroDivisionError):
        serving.do(lambda: 1 // 0)
    assert ask(serving, "/version")[0] == 200


def test_a_port_that_is_taken_is_said_with_what_to_do(serving: Serving) -> None:
    """Who might have it, and how to choose another."""
    port = int(serving.url.rpartition(":")[2])
    with pytest.raises(PortTaken, match=rf"port {port} .* another playground .* --port N; any free one: --port 0"):
        listen(port)


def test_nothing_is_left_when_it_ends() -> None:
    """No thread, no file, no listener, whatever is still being watched."""
    before = threading.active_count()
    with Serving() as started:
        token = started.token("admin")
        with connection(started) as server:
            server.request("GET", "/api/v1/pods?watch=1", headers={"Authorization": f"Bearer {token}"})
            answer = server.getresponse()
            folder, port = started.folder, int(started.url.rpartition(":")[2])
            ended = threading.Thread(target=started.__exit__, args=(None, None, None))
            ended.start()
            answer.read()
            ended.join(PATIENCE)
            assert not ended.is_alive()
    assert not folder.exists()
    assert threading.active_count() == before
    listen(port).close()


def start(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    """`python -m playground`, as a user starts it."""
    program = [sys.executable, "-m", "playground", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(program, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, env=os.environ | {"TMPDIR": str(folder)})


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_the_program_says_one_line_and_ends_when_told(tmp_path: Path, told: signal.Signals) -> None:
    """The line has the kubeconfig and Prometheus; afterwards nothing is left, and nothing was complained about."""
    chosen = tmp_path / "kubeconfig"
    with start("--port", "0", "--kubeconfig", str(chosen), folder=tmp_path) as program:
        assert program.stdout is not None and program.stderr is not None
        line = program.stdout.readline()
        assert line.startswith(f"export KUBECONFIG={chosen} ")
        assert "/prometheus" in line and "Ctrl-C" in line
        server = json.loads(chosen.read_text())["clusters"][0]["cluster"]["server"]
        with pytest.raises(PortTaken):
            listen(int(server.rpartition(":")[2]))
        program.send_signal(told)
        assert (program.wait(PATIENCE), program.stderr.read()) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_the_program_overwrites_no_kubeconfig(tmp_path: Path) -> None:
    """It may be somebody's only one; neither is there a traceback when the folder is missing."""
    mine = tmp_path / "config"
    mine.write_text("mine")
    for chosen, why in ((mine, "File exists"), (tmp_path / "no" / "config", "No such file or directory")):
        with start("--port", "0", "--kubeconfig", str(chosen), folder=tmp_path) as program:
            assert program.stderr is not None
            assert program.wait(PATIENCE) == 1
            assert (
                program.stderr.read()
                == f"playground: {chosen} cannot be written: {why}. Name another file, or remove it first.\n"
            )
    assert (mine.read_text(), list(tmp_path.iterdir())) == ("mine", [mine])


def test_the_program_says_when_its_port_is_taken(serving: Serving, tmp_path: Path) -> None:
    """1, one line, nothing left."""
    with start("--port", serving.url.rpartition(":")[2], folder=tmp_path) as program:
        assert program.stderr is not None
        assert program.wait(PATIENCE) == 1
        assert program.stderr.read().startswith("playground: port ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on PATH")
def test_kubectl_creates_with_protobuf_and_reads_tables(serving: Serving, tmp_path: Path) -> None:
    """The commands that do not go by manifest: create, run and can-i."""

    def kubectl(*arguments: str) -> str:
        command = ["kubectl", "--kubeconfig", str(serving.kubeconfig("alice")), "--cache-dir", str(tmp_path), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return done.stdout + done.stderr

    assert kubectl("create", "configmap", "made", "--from-literal=a=b") == "configmap/made created\n"
    assert kubectl("create", "deployment", "made", "--image=shop:1", "--replicas=0") == "deployment.apps/made created\n"
    assert kubectl("get", "deployment", "made").split()[:5] == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert "0/0" in kubectl("get", "deployment", "made")
    assert kubectl("auth", "can-i", "create", "deployments") == "yes\n"
    assert "no" in kubectl("auth", "can-i", "create", "nodes")
