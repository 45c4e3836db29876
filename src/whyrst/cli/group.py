"""The command `whyrst` and how it finds its subcommands."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from whyrst.cli import commands

WHOLE = 200
"""Characters of a sentence that says what a subcommand does; click's own limit cuts most."""


class Subcommands(click.Group):
    """Each module of `commands` holds one subcommand by the name `command`; that of a group's begins with its prefix,
    and only theirs holds an underscore."""

    def __init__(self, *args: Any, prefix: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self._prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Names of the subcommands."""
        names = (found.name for found in iter_modules(commands.__path__))
        own = (name.removeprefix(self._prefix) for name in names if name.startswith(self._prefix))
        return sorted(name for name in own if "_" not in name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What each subcommand does, in a whole sentence."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            assert command is not None
            rows.append((name, command.get_short_help_str(limit=WHOLE)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A subcommand by its name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = import_module(f"{commands.__name__}.{self._prefix}{cmd_name}").command
        assert isinstance(command, click.Command)
        if ctx.resilient_parsing:  # a shell completes a word
            from whyrst.cli.completing import offer

            offer(command)
        return command


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  (click's signature)
    if wanted:
        from importlib.metadata import version

        click.echo(f"whyrst {version('whyrst')}")
        ctx.exit()


@click.group(
    cls=Subcommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 1 --fail-on matched, 2 usage or unreadable input, 3 done but input damaged.",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version and exit."
)
def whyrst() -> None:
    """Tell why TCP connections were reset: who sent the reset, the root cause, the evidence, the fix."""
