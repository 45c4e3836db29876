"""`whyrst completion`: what a shell needs to complete whyrst's words."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def command(*, shell: str) -> None:
    """Print a script that completes commands, options, files and causes.

    \b
    bash  whyrst completion bash > ~/.local/share/bash-completion/completions/whyrst
    zsh   whyrst completion zsh > DIRECTORY/_whyrst, a directory of $fpath
    fish  whyrst completion fish > ~/.config/fish/completions/whyrst.fish
    """  # noqa: D301  (click's mark for lines that stay as they are)
    from click.shell_completion import get_completion_class

    from whyrst.cli.group import whyrst

    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(whyrst, {}, "whyrst", "_WHYRST_COMPLETE").source())
