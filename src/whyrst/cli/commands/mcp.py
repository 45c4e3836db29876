"""`whyrst mcp`: a server of the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument(
    "folder", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path)
)
def command(*, folder: tuple[Path, ...]) -> None:
    """Serve the Model Context Protocol on standard input and output.

    A program that speaks it can then analyze the captures inside FOLDER...,
    see the ladder of a reset, and read the manual. It cannot write, and cannot
    read any other file. Needs the extra `mcp`.
    """
    try:
        from whyrst.mcp.server import make
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'whyrst[mcp]'") from error
    from whyrst.mcp.folders import Folders

    make(Folders(folder)).run("stdio")
