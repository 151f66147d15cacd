"""The program itself: quick help, completion, Ctrl-C, closed pipes, odd terminals."""

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.cli.commands import COMMANDS
from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.kube.serving import Exchange, serve
from tests.rollout.world import World

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "controller.cli"]
PATIENCE = 60


def _environment(**more: str) -> dict[str, str]:
    return {**{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "TERM")}, "PYTHONPATH": str(ROOT), **more}


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], cwd=ROOT, env=_environment(**environment), capture_output=True, text=True,
                          timeout=PATIENCE, check=False)  # fmt: skip


def test_help_lists_every_command_without_loading_any() -> None:
    """Nothing slow is imported: no client, no models, no drawing."""
    code = ("import sys; from controller.cli.main import main; main(['--help']); "
            "print([m for m in ('kubernetes', 'pydantic', 'rich', 'urllib3', 'yaml') if m in sys.modules])")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=_environment(), capture_output=True, text=True,
                          timeout=PATIENCE, check=True)  # fmt: skip
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Run, command: str) -> None:
    """Its module is there, and so are its words."""
    said = run(command, "--help")
    assert said.code == 0
    assert "Usage: releasectl " in said.out


def test_an_unknown_command_is_wrong_usage(run: Run) -> None:
    """Exit 2."""
    said = run("gett")
    assert said.code == 2
    assert "No such command" in said.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(run: Run, shell: str) -> None:
    """Each calls the program back by one variable."""
    said = run("completion", shell)
    assert said.code == 0
    assert "_RELEASECTL_COMPLETE" in said.out


def test_names_of_releases_are_completed(cluster: Double) -> None:
    """As bash asks for them; and a cluster that cannot be reached completes nothing."""
    asked = {"_RELEASECTL_COMPLETE": "bash_complete", "COMP_WORDS": "releasectl get s", "COMP_CWORD": "2"}
    assert _run(**asked).stdout.split() == ["plain,shop"]
    cluster.unauthorized = True
    assert _run(**asked).stdout.strip() == ""


def test_the_program_is_a_plugin_of_kubectl_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed as kubectl-release it calls itself what people type."""
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/kubectl-release"])
    assert "Usage: kubectl release" in run("--help").out


@contextmanager
def _waiting(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*PROGRAM, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("arguments", [["watch", "shop"], ["abort", "shop"]])
def test_ctrl_c_ends_a_wait_without_a_traceback(cluster: Double, arguments: list[str]) -> None:
    """Exit 130, and nothing on stderr."""
    cluster.answers = False
    with _waiting(_environment(KUBECONFIG=os.environ["KUBECONFIG"]), *arguments) as process:
        cluster.wait_until_seen()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, "")


def test_ctrl_c_ends_a_call_that_hangs(cluster: Double, tmp_path: Path) -> None:
    """A server that says nothing holds nobody."""
    asked = threading.Event()

    def hang(exchange: Exchange) -> None:
        asked.set()
        exchange.hang()

    with serve(hang) as server:
        cluster.url = server.url
        with _waiting(_environment(KUBECONFIG=str(cluster.kubeconfig(tmp_path))), "get") as process:
            assert asked.wait(PATIENCE)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, "")


def test_a_closed_pipe_is_no_error(cluster: Double) -> None:
    """`releasectl get | head -0` prints no traceback."""
    with _waiting(_environment(KUBECONFIG=os.environ["KUBECONFIG"]), "get") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=PATIENCE) == 141
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_terminal_that_knows_no_signs_gets_question_marks(cluster: Double) -> None:
    """An old locale is served, not refused."""
    done = _run("get", KUBECONFIG=os.environ["KUBECONFIG"], PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert done.returncode == 0
    assert "1.0.0 ? 2.0.0" in done.stdout


def _on_a_terminal(cluster: Double, *arguments: str, **environment: str) -> str:
    """What a command writes to a terminal, until it ends."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen([*PROGRAM, *arguments], cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs,
                               env=_environment(KUBECONFIG=os.environ["KUBECONFIG"], **environment))  # fmt: skip
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(mine, 65536):
            written += piece
    except OSError:
        pass  # Linux says so when the other side is closed.
    finally:
        os.close(mine)
    assert process.wait(timeout=PATIENCE) == 1
    return written.decode()


def test_on_a_terminal_the_release_is_drawn(rejected: World, cluster: Double) -> None:
    """In colour, and the cursor comes back at the end."""
    text = _on_a_terminal(cluster, "watch", "shop", "--until-done", TERM="xterm-256color", COLUMNS="100")
    assert "31mRolledBack" in text and "RolledBack" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_no_color_and_a_terminal_without_width_are_respected(rejected: World, cluster: Double) -> None:
    """NO_COLOR takes the colours, not the view; zero columns are taken for the usual ones."""
    text = _on_a_terminal(cluster, "watch", "shop", "--until-done", TERM="xterm-256color", NO_COLOR="1")
    assert "31m" not in text and "RolledBack" in text


def test_a_dumb_terminal_gets_lines(rejected: World, cluster: Double) -> None:
    """No escape at all."""
    text = _on_a_terminal(cluster, "watch", "shop", "--until-done", TERM="dumb")
    assert "\x1b" not in text
    assert "RolledBack/Rejected" in text
