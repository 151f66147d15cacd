"""The program: `run` the controller, or `uninstall` what it has in hand."""

import signal
import sys
import threading
from pathlib import Path

from controller import settings as settings_module
from controller.telemetry import logs

USAGE = """usage: release-coordinator [run | uninstall]

run        watch Releases and carry them out (the default)
uninstall  take the leadership and put everything back: routes, pins, Deployments
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 1 failed, 2 wrong usage or settings."""
    given = sys.argv[1:] if arguments is None else arguments
    command = given[0] if given else "run"
    if command not in ("run", "uninstall") or len(given) > 1:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        settings = settings_module.load()
    except settings_module.SettingsError as error:
        print(f"release-coordinator: {error}", file=sys.stderr)
        return 2
    logs.configure(settings.log_format, settings.log_level)
    return _run(settings) if command == "run" else _uninstall(settings)


def _run(settings: settings_module.Settings) -> int:
    from controller.kube.connection import ConfigurationError, discover
    from controller.runtime import alerts
    from controller.runtime.controller import Controller
    from controller.runtime.server import Server, health_pages, metrics_pages

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        controller = Controller(settings, discover(settings.kubeconfig or None))
    except ConfigurationError as error:
        print(f"release-coordinator: {error}", file=sys.stderr)
        return 2
    servers = [
        Server(settings.bind, settings.health_port, health_pages(controller.problems, controller.ready)),
        Server(settings.bind, settings.metrics_port, metrics_pages()),
    ]
    if settings.alerts_token_file:
        posts = {alerts.PATH: alerts.receiver(Path(settings.alerts_token_file), controller.alerted)}
        servers.append(Server(settings.bind, settings.alerts_port, {}, posts))
    for server in servers:
        server.start()
    controller.start()
    stopping.wait()
    controller.stop()
    for server in servers:
        server.stop()
    return 0


def _uninstall(settings: settings_module.Settings) -> int:
    from controller.kube.connection import ConfigurationError, discover
    from controller.runtime.uninstall import uninstall

    try:
        return uninstall(settings, discover(settings.kubeconfig or None))
    except ConfigurationError as error:
        print(f"release-coordinator: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
