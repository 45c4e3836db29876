"""`whyrst fleet analyze`: verdicts of a whole archive as tables."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("-o", "--output", "out", metavar="OUT", required=True, help="Folder for the tables and the state.")
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler (tcp://HOST:PORT), or local for one started here.")
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes here; one per processor if not said."
)
@click.option(
    "--point-depth", "depth", type=click.IntRange(min=1), metavar="N",
    help="Folders below a SOURCE that name the capture point; all of them if not said.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The closing numbers as JSON.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def command(
    *,
    sources: tuple[str, ...],
    out: str,
    cluster: str | None,
    jobs: int | None,
    depth: int | None,
    as_json: bool,
    no_progress: bool,
) -> int:
    """Tell why the connections in an archive of captures were reset.

    SOURCE is a folder, a capture, a pattern, or a place in object storage (s3://, gs://, az://). The folder that a
    capture lies in names its capture point; captures of one point are one series, joined over files, and what stands
    in several of them counts once. Results are Parquet tables below OUT, by day and capture point; a second run does
    what is new.
    """
    from whyrst.capture.errors import damage_line
    from whyrst.cli.progress import Bar
    from whyrst.cli.status import Status, say
    from whyrst.fleet.archive import ArchiveError, listed
    from whyrst.fleet.plan import run
    from whyrst.fleet.store import StoreError
    from whyrst.fleet.summary import text
    from whyrst.fleet.workers import WorkersError, workers

    _check("pyarrow")
    try:
        files = listed(sources, depth=depth, beside=out)
        with workers(cluster, jobs) as by, Bar(wanted=not no_progress) as bar:
            summary = run(files, out, by, bar)
    except (ArchiveError, StoreError, WorkersError) as error:
        raise click.ClickException(str(error)) from error
    except ModuleNotFoundError as error:
        _check(error.name or "")
        raise
    for one in (*summary.damage, *summary.unreadable):
        say(f"warning: {damage_line(one)}")
    if as_json:
        import msgspec

        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    else:
        click.echo("\n".join(text(summary)))
    return Status.DAMAGED if summary.damage or summary.unreadable else Status.DONE


def _check(library: str) -> None:
    """Refuse to go on without a library.

    Raises:
        click.ClickException: it is missing.
    """
    from importlib.util import find_spec

    if library in {"pyarrow", "obstore", "distributed"} and find_spec(library) is None:
        raise click.ClickException(f"fleet needs {library}: pip install 'whyrst[fleet]'")
