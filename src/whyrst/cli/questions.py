"""What the commands that ask an archive have in common."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from whyrst.fleet.questions.selection import Selection

FORMATS = ("text", "json", "csv")


def _by(_: click.Context, __: click.Parameter, names: Sequence[str]) -> tuple[str, ...]:
    from whyrst.fleet.questions.keys import KEYS

    for name in names:
        if name not in KEYS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(KEYS)}")
    return tuple(dict.fromkeys(names)) or ("cause",)


def _causes(_: click.Context, __: click.Parameter, names: Sequence[str]) -> tuple[str, ...]:
    from whyrst.cli.causes import check_causes

    check_causes(names, ())
    return tuple(names)


def _hosts(_: click.Context, __: click.Parameter, given: Sequence[str]) -> tuple[str, ...]:
    from ipaddress import ip_address

    try:
        return tuple(str(ip_address(one)) for one in given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


archive_argument = click.argument("out", metavar="OUT")
format_option = click.option(
    "--format", "name", type=click.Choice(FORMATS), default="text", show_default=True, help="How to write the answer."
)
memory_option = click.option(
    "--memory", type=click.IntRange(min=100), metavar="MB", default=2000, show_default=True, help="To take at most."
)
by_option = click.option(
    "--by", multiple=True, callback=_by, metavar="WHAT",
    help="cause (default), service, server, port, name, client, peer, point, capture, harm, confidence, sender, "
    "mechanism, stage, vantage, tunnel or declared. Given again: by both.",
)  # fmt: skip
_OPTIONS = (
    click.option("--since", metavar="TIME", help="From then on: 2026-05-28T20:00 (UTC), or 2d, 6h before the last."),
    click.option("--until", metavar="TIME", help="Before then."),
    click.option("--cause", "causes", multiple=True, callback=_causes, metavar="CAUSE", help="Resets of this cause."),
    click.option("--host", "hosts", multiple=True, callback=_hosts, metavar="ADDR", help="From or to this address."),
    click.option("--port", "ports", multiple=True, type=click.IntRange(0, 65535), metavar="N", help="At either end."),
    click.option("--point", "points", multiple=True, metavar="NAME", help="Seen at this capture point."),
)


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which resets count; each but the times can be given again."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextmanager
def asking(out: str, memory: int) -> Iterator[DuckDBPyConnection]:
    """The archive, with errors as the command line has them.

    Raises:
        click.ClickException: a library is missing, there is no archive, or it cannot answer.
    """
    from importlib.util import find_spec

    for library in ("duckdb", "pyarrow"):
        if find_spec(library) is None:
            raise click.ClickException(f"needs {library}: pip install 'whyrst[fleet]'")
    from whyrst.fleet.questions.views import QuestionError, opened

    try:
        with opened(out, memory) as archive:
            yield archive
    except QuestionError as error:
        raise click.ClickException(str(error)) from error


def moment(archive: DuckDBPyConnection, text: str, option: str) -> int:
    """A time that an option names, nanoseconds since 1970.

    Raises:
        click.BadParameter: it names none.
    """
    from whyrst.fleet.questions.period import moment as named
    from whyrst.fleet.questions.trend import latest

    try:
        return named(text, latest(archive))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def selected(archive: DuckDBPyConnection, options: dict[str, Any]) -> Selection:
    """What the options of `selection_options` say."""
    from whyrst.fleet.questions.selection import Selection

    times = {
        name: moment(archive, options[name], f"--{name}") if options[name] is not None else None
        for name in ("since", "until")
    }
    return Selection(**{**options, **times})
