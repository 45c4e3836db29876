"""Which resets of this host are wanted: the options that live commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from whyrst.cli.causes import check_causes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whyrst.trace.selection import Selection


def _causes(_: click.Context, __: click.Parameter, wanted: Sequence[str]) -> Sequence[str]:
    check_causes(wanted)
    return wanted


OPTIONS = (
    click.argument("expression", metavar="[FILTER]...", nargs=-1),
    click.option(
        "--pid", "pids", type=click.IntRange(min=1), multiple=True, metavar="N", help="Sockets of this process."
    ),
    click.option("--comm", "comms", multiple=True, metavar="NAME", help="Sockets of processes of this name."),
    click.option("--netns", metavar="NAME", help="This network namespace: name, path or inode number."),
    click.option("--cgroup", metavar="PATH", help="This cgroup and those below it: path or number."),
    click.option("--cause", "causes", multiple=True, metavar="CAUSE", callback=_causes, help="Only this cause."),
    click.option("--sent", is_flag=True, help="Only resets that leave this host."),
    click.option("--received", is_flag=True, help="Only resets that arrive."),
)


def selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def selection(options: Mapping[str, Any]) -> Selection:
    """What the options ask for.

    Raises:
        click.UsageError: one of them cannot be understood, or names what is not there.
    """
    from whyrst.trace.selection import (
        RECEIVED,
        SENT,
        Cgroup,
        FilterError,
        SelectError,
        Selection,
        netns_number,
    )

    kinds = (SENT if options["sent"] else frozenset()) | (RECEIVED if options["received"] else frozenset())
    try:
        return Selection(
            pids=frozenset(options["pids"]),
            comms=frozenset(options["comms"]),
            netns=netns_number(options["netns"]) if options["netns"] else 0,
            cgroup=Cgroup(options["cgroup"]) if options["cgroup"] else None,
            kinds=kinds or SENT | RECEIVED,
            causes=frozenset(options["causes"]),
            expression=" ".join(options["expression"]),
        )
    except FilterError as error:
        raise click.BadParameter(str(error), param_hint="FILTER") from error
    except SelectError as error:
        raise click.UsageError(str(error)) from error
