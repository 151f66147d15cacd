"""The list of commands. Each is loaded when it is asked for, so that help and completion are quick.

A command is added here with its module; nothing else of it stands in this file.
"""

from importlib import import_module

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "get": ("get", "Show Releases: phase, step, weight, versions, and why."),
    "watch": ("watch", "Follow a release live: steps, gates, pods, events."),
    "explain": ("explain", "Say why a Release is where it is, and what to type."),
    "review": ("review", "Judge a change before it goes out: risk, plans, red flags."),
    "train": ("train", "Show trains: their members in order, and what each waits for."),
    "history": ("history", "Show the past releases and how they ended."),
    "status": ("status", "Answer scripts by exit code; wait if asked to."),
    "promote": ("requests", "Let a release go on to its next step, or to all traffic."),
    "abort": ("requests", "Take a release back to stable."),
    "rollback": ("requests", "Go back to an earlier revision."),
    "revert": ("requests", "Write stable's template back into the Deployment."),
    "retry": ("requests", "Start a rejected template again."),
    "pause": ("requests", "Keep a release at its step."),
    "resume": ("requests", "Let a paused release go on."),
    "override": ("requests", "Let a change go out in spite of policies, with a reason."),
    "init": ("init", "Write a Release for an existing Deployment."),
    "lint": ("lint", "Check manifests without a cluster."),
    "simulate": ("simulate", "Run the release of manifests in virtual time, good and bad."),
    "gate": ("replay", "Try a gate on past data."),
    "playground": ("playground", "Run a cluster in one process, to try things."),
    "completion": ("completion", "Print the completion script of a shell."),
}
"""Name → module of controller.cli that has it, and its line in the help."""


class Lazy(click.Group):
    """A group whose commands are imported one by one."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """In the order of the table, which is the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import the command's module."""
        if name not in COMMANDS:
            return None
        found = getattr(import_module(f"controller.cli.{COMMANDS[name][0]}"), name)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def releasectl() -> None:
    """Release Coordinator on the command line.

    It acts through the Kubernetes API with your own rights, and only when you ask.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 in progress, 4 not found or not reachable, 124 out of time.
    """
