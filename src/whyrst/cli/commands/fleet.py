"""`whyrst fleet`: archives of many captures. Each module `fleet_NAME` beside this one holds one subcommand NAME."""

from __future__ import annotations

import click

from whyrst.cli.group import Subcommands


@click.group(cls=Subcommands, prefix="fleet_")
def command() -> None:
    """Analyze archives of many captures, on this machine or a cluster, and ask questions over the results."""
