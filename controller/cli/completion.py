"""`completion`: the script that makes a shell complete commands, options and names of Releases."""

import click
from click.shell_completion import get_completion_class

from controller.cli.main import COMPLETE, program_name


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    r"""Print the completion script of a shell.

    \b
    bash  releasectl completion bash > ~/.local/share/bash-completion/completions/releasectl
    zsh   releasectl completion zsh > "${fpath[1]}/_releasectl"
    fish  releasectl completion fish > ~/.config/fish/completions/releasectl.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    root = click.get_current_context().find_root().command
    click.echo(made(root, {}, program_name().replace(" ", "-"), COMPLETE).source())
