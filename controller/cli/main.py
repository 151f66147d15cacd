"""The program: runs a command, and turns whatever ends it into a sentence and an exit code. No traceback for users."""

# ruff: noqa: PLC0415  What is slow to import is imported where Ctrl-C is already answered.

import logging
import os
import sys

COMPLETE = "_RELEASECTL_COMPLETE"
"""The variable by which a shell asks for completions."""


def main(arguments: list[str] | None = None) -> int:
    """Run releasectl; returns the exit code (see controller.cli.answers.Exit)."""
    # Libraries log what the sentences below say better.
    logging.getLogger().addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # A terminal that knows no arrows gets question marks.
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read has enough; the interpreter must not stumble over the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def program_name() -> str:
    """As it was called: also a plugin of kubectl."""
    called = os.path.basename(sys.argv[0])
    return "kubectl release" if called.startswith("kubectl-release") else "releasectl"


def _run(arguments: list[str] | None) -> int:
    import click

    from controller.cli.commands import releasectl

    if COMPLETE in os.environ:
        releasectl.main(arguments, prog_name=program_name(), complete_var=COMPLETE)  # Answers the shell, and exits.
    try:
        # Not `main`: what click makes of Ctrl-C and of a closed pipe has other exit codes than other programs.
        with releasectl.make_context(program_name(), sys.argv[1:] if arguments is None else arguments) as context:
            answer = releasectl.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Exception as error:
        from controller.cli.answers import Problem

        if not isinstance(error, Problem):
            raise
        click.echo(f"{program_name()}: {error.message}", err=True)
        return int(error.code)
    return int(answer) if isinstance(answer, int) else 0
