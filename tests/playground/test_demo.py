"""`make demo`, as a pipe sees it, and its picture on a terminal."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from playground.demo.screen import picture
from playground.demo.stage import Stage, Users

ROOT = Path(__file__).parents[2]


def _demo(**settings: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-m", "playground.demo"], cwd=ROOT, env=os.environ | settings, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip


def _left_running(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_story_ends_as_told_and_leaves_nothing_running() -> None:
    """Canary, rollback by itself and by hand, blue-green: exit status 0, every promise kept, in plain lines."""
    demo = _demo()
    said, _ = demo.communicate(timeout=240)
    assert demo.returncode == 0, said
    assert said.count("kept") == 10, said
    assert "BROKEN" not in said
    assert "\x1b" not in said
    assert not _left_running(demo.pid)


def test_a_controller_that_does_not_start_is_told_with_its_last_words() -> None:
    """Exit status 1, the reason on the screen, no traceback."""
    demo = _demo(RELEASE_COORDINATOR_LOG_LEVEL="loud")
    said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 1, said
    assert "RELEASE_COORDINATOR_LOG_LEVEL" in said
    assert "Traceback" not in said


def test_an_interrupt_before_the_beginning_leaves_nothing_behind(tmp_path: Path) -> None:
    """Exit status 130 and no traceback, while the cluster is being made or soon after; no file of it stays."""
    demo = _demo(TMPDIR=str(tmp_path))
    deadline = time.monotonic() + 30
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.2)  # What is made at this very moment would be nobody's yet.
    os.killpg(demo.pid, signal.SIGINT)
    said, _ = demo.communicate(timeout=30)
    assert (demo.returncode, list(tmp_path.iterdir())) == (130, [])
    assert "Traceback" not in said
    assert not _left_running(demo.pid)


def test_an_interrupt_in_the_middle_leaves_nothing_running() -> None:
    """Ctrl-C reaches the whole group, as from a terminal: exit status 130, no traceback."""
    demo = _demo()
    assert demo.stdout is not None
    for line in demo.stdout:
        if "set image" in line:
            break
    os.killpg(demo.pid, signal.SIGINT)
    said = demo.stdout.read()
    assert demo.wait(30) == 130, said
    assert "Traceback" not in said
    deadline = time.monotonic() + 10
    while _left_running(demo.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _left_running(demo.pid)


@pytest.mark.parametrize(("columns", "share"), [(40, 0), (40, 100), (80, 25), (200, 100)])
def test_the_live_picture_fits_the_terminal(columns: int, share: int) -> None:
    """Each of its three lines stays one, at any share, and the bar shows it."""
    stage = SimpleNamespace(status={"phase": "Progressing"}, route=[(0.0, share)],
                            seen=lambda: Users(requests=1234, errors=0, by_version={}))  # fmt: skip
    console = Console(width=columns, file=io.StringIO())
    lines = console.render_lines(picture(cast(Stage, stage), columns), pad=False)
    assert len(lines) == 3
