"""`whyrst agent`: `whyrst trace` as a service that delivers verdicts to other systems."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from whyrst.cli.selecting import selecting, selection

if TYPE_CHECKING:
    from whyrst.agent.settings import Settings

CHOICES = ("pids", "comms", "causes", "netns", "cgroup", "sent", "received")
"""Options that a file may hold by the same name."""


@click.command()
@selecting
@click.option("--prometheus", metavar="ADDR:PORT", help="Serve metrics at http://ADDR:PORT/metrics.")
@click.option("--otlp", multiple=True, metavar="URL", help="Send OpenTelemetry log records (OTLP/HTTP).")
@click.option("--kafka", multiple=True, metavar="BROKERS/TOPIC", help="Send messages to a Kafka topic.")
@click.option("--file", "file", multiple=True, metavar="PATH", help="Write NDJSON to a file that is rotated.")
@click.option("--file-size", metavar="SIZE", help="Rotate a file at this size.  [default: 100M]")
@click.option("--file-count", type=click.IntRange(1, 1000), metavar="N", help="Files that are kept.  [default: 10]")
@click.option("--queue", metavar="FOLDER", help="Where verdicts wait.  [default: /var/lib/whyrst/agent]")
@click.option("--queue-size", metavar="SIZE", help="How much may wait.  [default: 256M]")
@click.option(
    "--rate", type=click.IntRange(1, 10_000), metavar="N",
    help="Verdicts a second and direction; of a storm the rest is counted.  [default: 200]",
)  # fmt: skip
@click.option("--config", metavar="FILE", help="All of this in a TOML file; options win.")
@click.option("--replay", metavar="EVENTS", help="Deliver the verdicts of recorded kernel events, and end.")
def command(**options: Any) -> None:
    """Trace as a service: hand every verdict to other systems.

    Counts for Prometheus, log records for OpenTelemetry, messages for Kafka,
    lines for files; any number at once. What a receiver cannot take now waits
    in a queue on disk. FILTER is a libpcap expression, as for whyrst trace.

    Needs what whyrst trace needs. SIGTERM ends it, SIGHUP opens files again.
    """
    from whyrst.agent.settings import SettingsError

    try:
        settings = _settings(options)
        outputs = settings.outputs()
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    if not outputs and (settings.prometheus is None or options["replay"]):
        raise click.UsageError("it needs an output: --prometheus, --otlp, --kafka or --file")
    wanted = {name: getattr(settings, name) for name in CHOICES}
    chosen = selection(wanted | {"expression": [settings.filter] if settings.filter else []})
    from whyrst.cli.agenting import Wanted, agent
    from whyrst.cli.tracing import require_privileges

    if options["replay"] is None:
        require_privileges()
    with ExitStack() as stack:
        agent(stack, Wanted(settings, outputs, chosen, options["replay"]))


def _settings(options: dict[str, Any]) -> Settings:
    """The file's settings, the command line's instead where there are some."""
    import os

    from msgspec import structs

    from whyrst.agent.settings import File, Otlp, Prometheus, Settings, bytes_of, kafka, read, with_endpoint
    from whyrst.cli.causes import check_causes

    found = read(options["config"]) if options["config"] else Settings()
    check_causes(found.causes)
    given: dict[str, Any] = {name: options[name] for name in CHOICES if options[name]}
    if options["expression"]:
        given["filter"] = " ".join(options["expression"])
    if options["rate"]:
        given["rate"] = options["rate"]
    if options["prometheus"]:
        given["prometheus"] = Prometheus(options["prometheus"])
    given |= {name: made for name, made in (
        ("otlp", tuple(map(Otlp, options["otlp"]))),
        ("kafka", tuple(map(kafka, options["kafka"]))),
        ("file", tuple(map(File, options["file"]))),
    ) if made}  # fmt: skip
    queue = {"folder": options["queue"], "size": options["queue_size"]}
    given["queue"] = structs.replace(found.queue, **{name: value for name, value in queue.items() if value})
    settings = structs.replace(found, **given)
    sizes = {name: options[f"file_{name}"] for name in ("size", "count") if options[f"file_{name}"]}
    settings = structs.replace(settings, file=tuple(structs.replace(one, **sizes) for one in settings.file))
    for size in (settings.queue.size, *(one.size for one in settings.file)):
        bytes_of(size)
    return with_endpoint(settings, os.environ)
