"""The network namespace of tests/real must be entered before pytest starts a thread, so it is done here.

Only when tests under tests/real are asked for, and not when RELEASE_COORDINATOR_KUBECONFIG names a cluster to use
instead.
"""

import os
from pathlib import Path

import pytest

from tests.controlplane import namespace

REAL = Path(__file__).parent / "real"
WHY_NOT_REAL = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Enter the namespace, or remember why not."""
    asked = [Path(os.path.abspath(argument.partition("::")[0])) for argument in config.args]
    wanted = any(REAL.is_relative_to(path) or path.is_relative_to(REAL) for path in asked)
    if wanted and "RELEASE_COORDINATOR_KUBECONFIG" not in os.environ:
        try:
            namespace.enter()
        except namespace.Unavailable as problem:
            config.stash[WHY_NOT_REAL] = str(problem)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly that the real tests were not run."""
    if WHY_NOT_REAL in config.stash:
        terminalreporter.write_line(f"NOT RUN: tests/real: {config.stash[WHY_NOT_REAL]}", yellow=True, bold=True)
