"""`releasectl playground`: it tells what is in the way, works once it says so, and leaves nothing behind however it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.cli import embedded, installed, playground
from controller.cli.answers import Exit, Problem
from controller.cli.children import Children
from controller.cli.trying import Trying
from controller.kube import paths
from controller.kube.client import Client
from controller.kube.connection import from_kubeconfig

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PATH": os.environ["PATH"]}
PATIENCE = 90.0
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
PARENT = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]).pid, flush=True); {SLEEPER}"


def wait_for(question: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, f"{what} did not come about in {seconds:g} s"
        time.sleep(0.02)


def runs(process: int) -> bool:
    """Whether this process is there and no zombie."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def children_of(process: int) -> dict[str, int]:
    """The child processes, by the module that they run."""
    found = {}
    for entry in (e for e in Path("/proc").iterdir() if e.name.isdigit()):
        with suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes().decode().split("\0")
            if parent == process and "-m" in command:
                found[command[command.index("-m") + 1]] = int(entry.name)
    return found


def start(children: Children, code: str, name: str = "program") -> tuple[int, Path]:
    """A Python program that has said something; its process and its log."""
    child = children.start(name, [sys.executable, "-c", code], ENVIRONMENT, ROOT)
    children.wait(child.log.read_text, PATIENCE, "The program")
    return child._process.pid, child.log


def test_programs_end_with_the_block_and_so_does_what_they_started(tmp_path: Path) -> None:
    """Also one that does not listen, and a child of a child."""
    with Children(tmp_path, patience=0.2) as children:
        first, _ = start(children, SLEEPER, "first")
        stubborn, _ = start(children, STUBBORN, "stubborn")
        parent, log = start(children, PARENT, "parent")
        grandchild = int(log.read_text().split()[0])
        assert all(runs(each) for each in (first, stubborn, parent, grandchild))
    wait_for(lambda: not any(runs(each) for each in (first, stubborn, parent, grandchild)), "the end of all")


def test_they_end_after_an_error_too(tmp_path: Path) -> None:
    """Ctrl-C while starting is one."""
    started = []

    def interrupted() -> None:
        with Children(tmp_path) as children:
            started.append(start(children, SLEEPER)[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not runs(started[0])


def test_a_program_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    """While it is waited for, and later."""
    with Children(tmp_path) as children:
        code = "import sys; print('alpha'); print('omega', file=sys.stderr); sys.exit(3)"
        child = children.start("controller", [sys.executable, "-c", code], ENVIRONMENT, ROOT)
        with pytest.raises(Problem) as died:
            children.wait(lambda: False, PATIENCE, "Readiness")
        assert died.value.message.startswith("The controller has ended with exit code 3, so the playground ends.")
        assert "omega" in died.value.message
        assert child.ended
        with pytest.raises(Problem, match="exit code 3"):
            children.look()


def test_a_program_that_was_killed_is_told_so(tmp_path: Path) -> None:
    """By the number of the signal."""
    with Children(tmp_path) as children:
        process, _ = start(children, SLEEPER, "cluster")
        os.kill(process, signal.SIGKILL)
        with pytest.raises(Problem, match="The cluster was ended by signal 9"):
            children.wait(lambda: False, PATIENCE, "Readiness")


def test_what_does_not_come_about_is_told_with_the_last_words_of_all(tmp_path: Path) -> None:
    """So that a start that hangs can be understood."""
    with Children(tmp_path) as children:
        start(children, SLEEPER, "cluster")
        with pytest.raises(Problem) as late:
            children.wait(lambda: None, 0.1, "The API")
    assert late.value.code is Exit.TIMEOUT
    assert "The API was not there within 0.1 s" in late.value.message
    assert "The cluster said last:\n  up" in late.value.message


def run(*arguments: str) -> Result:
    """releasectl playground, for what ends at once."""
    return CliRunner().invoke(playground.playground, list(arguments), standalone_mode=False)


def problem(done: Result) -> Problem:
    """Why it did not start."""
    assert isinstance(done.exception, Problem), done.exception
    return done.exception


def test_a_port_in_use_is_said_before_anything_starts() -> None:
    """With what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = problem(run("--port", str(port))).message
    assert said.startswith(f"Port {port} on 127.0.0.1 cannot be used: Address already in use")
    assert "--port" in said


def test_a_kubeconfig_that_exists_is_never_touched(tmp_path: Path) -> None:
    """It may be somebody's only one."""
    mine = tmp_path / "config"
    mine.write_text("mine")
    assert "is not overwritten" in problem(run("--kubeconfig", str(mine))).message
    assert mine.read_text() == "mine"


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are an extra."""
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    assert f"{sys.executable} -m pip install trustme uvicorn" in problem(run()).message


def test_outside_of_a_checkout_it_says_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded cluster and the tests' control plane come with the source."""
    monkeypatch.setattr(playground, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    for typed in ((), ("--real",)):
        assert problem(run(*typed)).message.endswith("Run releasectl at the top of a checkout.")


def test_an_installed_one_takes_the_checkout_it_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install '.[cli]'` copies the programs, and neither chart nor examples."""
    monkeypatch.setattr(playground, "ROOT", tmp_path)
    monkeypatch.chdir(ROOT)
    assert playground.tree() == ROOT


def test_real_takes_no_port() -> None:
    """Its ports are free ones."""
    assert problem(run("--real", "--port", "6443")).code is Exit.USAGE


def test_the_control_plane_s_line_is_understood() -> None:
    """As tests/controlplane/__main__.py prints it."""
    source = (ROOT / "tests" / "controlplane" / "__main__.py").read_text()
    assert 'print(f"KUBECONFIG={cluster.folder}/host-admin (also' in source
    line = ("KUBECONFIG=/x/controlplane-1/host-admin (also host-alice, host-bob)  gateway http://127.0.0.1:1  "
            "Prometheus http://127.0.0.1:2  Ctrl-C ends it")  # fmt: skip
    found = installed._UP.search(line)
    assert found is not None
    assert found.groupdict() == {"folder": "/x/controlplane-1", "gateway": "http://127.0.0.1:1", "prometheus": "http://127.0.0.1:2"}


def test_programs_get_one_document_that_says_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """The kubeconfig, the address of Prometheus, and what else people are told."""
    cluster = Trying(kubeconfig=Path("/in/ours"), prometheus="https://127.0.0.1:1/prometheus", notes=("a note",))
    playground._tell(cluster, Path("/at/the/users"), "", "json")
    assert json.loads(capsys.readouterr().out) == {
        "kubeconfig": "/at/the/users", "prometheus": "https://127.0.0.1:1/prometheus", "notes": ["a note"],
    }  # fmt: skip


class Running:
    """The command as a user starts it, in a terminal's place."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.kubeconfig, self.output = folder / "kubeconfig", folder / "output"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        command = [sys.executable, "-m", "controller.cli", "playground", "--kubeconfig", str(self.kubeconfig)]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, cwd=ROOT, env={**environment, "TMPDIR": str(self.temporary)}
            )

    def said(self) -> str:
        """What it has printed so far."""
        return self.output.read_text()

    def wait_until_ready(self) -> None:
        """It says how it ends when it can be used."""
        wait_for(lambda: "Ctrl-C ends it" in self.said() or self.process.poll() is not None, "the playground")
        assert self.process.poll() is None, self.said()

    def client(self) -> Client:
        """The API, as its administrator."""
        return Client(from_kubeconfig(str(self.kubeconfig)))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """An embedded playground that can be used."""
    started = Running(tmp_path, os.environ)
    try:
        started.wait_until_ready()
        yield started
    finally:
        if started.process.poll() is None:
            started.process.send_signal(signal.SIGINT)
            started.process.wait(PATIENCE)


def leaves_nothing(running: Running, programs: Mapping[str, int]) -> None:
    """No process, no file."""
    assert running.process.poll() is not None
    assert not [name for name, process in programs.items() if runs(process)]
    assert list(running.temporary.iterdir()) == []
    assert not running.kubeconfig.exists()


def test_it_runs_a_controller_that_carries_out_releases_until_ctrl_c(running: Running) -> None:
    """What it prints is so: kubeconfig, MetricSource, a Release that becomes ready. Then Ctrl-C ends all of it, with 0."""
    assert f"export KUBECONFIG={running.kubeconfig}" in running.said()
    client = running.client()
    assert "/prometheus" in client.get(paths.METRIC_SOURCES.path(None, "default"))["spec"]["address"]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "shop:1"}]}}
    client.create(paths.DEPLOYMENTS.path("default"), {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    })  # fmt: skip
    client.create(paths.RELEASES.path("default"), {
        "apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release", "metadata": {"name": "web"},
        "spec": {"workloadRef": {"name": "web"}},
    })  # fmt: skip

    def healthy() -> bool:
        status = client.get(paths.RELEASES.path("default", "web")).get("status") or {}
        return bool(status.get("phase") == "Healthy")

    wait_for(healthy, "phase Healthy")
    programs = children_of(running.process.pid)
    assert set(programs) == {"playground", "controller"}
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(PATIENCE) == Exit.OK
    assert "nothing is left of it" in running.said()
    leaves_nothing(running, programs)


def test_when_the_controller_dies_it_says_so_and_ends(running: Running) -> None:
    """With the controller's last lines, exit code 1, and nothing left; told to end by SIGTERM it would be the same."""
    programs = children_of(running.process.pid)
    os.kill(programs["controller"], signal.SIGKILL)
    assert running.process.wait(PATIENCE) == Exit.FAILED
    assert "The controller was ended by signal 9" in running.said()
    leaves_nothing(running, programs)
