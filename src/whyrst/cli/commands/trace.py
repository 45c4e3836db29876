"""`whyrst trace`: why this host's connections are reset, live, from the kernel."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

import click

from whyrst.cli.selecting import selecting, selection
from whyrst.cli.terminal import color_option, colored, width


@click.command()
@selecting
@click.option("--duration", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="End after this time.")
@click.option("--json", "as_json", is_flag=True, help="One verdict per line, as whyrst analyze --json.")
@click.option(
    "--summary", "period", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Only counts, every so often."
)
@click.option("--stack", is_flag=True, help="Show the functions that led to each reset.")
@click.option("--pcap", metavar="FILE", help="Record the connections that are reset, with comments (pcapng).")
@click.option("--events", metavar="FILE", help="Record the kernel's events, for whyrst analyze --events.")
@click.option("--prometheus", metavar="ADDR:PORT", help="Serve counts at http://ADDR:PORT/metrics.")
@click.option("--bpftrace", is_flag=True, help="Print a bpftrace script for this kernel instead.")
@color_option
def command(*, bpftrace: bool, color: str, **options: Any) -> None:
    """Tell why this host's TCP connections are reset, as it happens.

    FILTER is a libpcap expression, such as: port 443 and host 10.0.0.5.
    It sees the reset segment, whose source is the end that sends it.

    Needs Linux with BTF, and root or the capabilities BPF, PERFMON and
    NET_RAW; whyrst doctor tells what is there. Ctrl-C ends it with a summary.
    """
    if bpftrace:
        from whyrst.cli.tracing import print_script

        print_script()
        return
    _exclude(options)
    from whyrst.cli.tracing import Wanted, require_privileges, trace

    require_privileges()
    with ExitStack() as stack:
        trace(
            stack,
            Wanted(
                selection=selection(options),
                color=colored(color),
                width=width(),
                terminal=sys.stdout.isatty(),
                **{name: options[name] for name in Wanted.OPTIONS},
            ),
        )


def _exclude(options: dict[str, Any]) -> None:
    for one, other in (("as_json", "period"), ("as_json", "stack"), ("period", "stack")):
        if options[one] and options[other]:
            names = {"as_json": "--json", "period": "--summary", "stack": "--stack"}
            raise click.UsageError(f"{names[one]} and {names[other]} exclude each other")
