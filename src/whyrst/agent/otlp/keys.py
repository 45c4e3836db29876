"""Attribute keys of a log record, and where each value stands in a verdict.

What OpenTelemetry's semantic conventions have a name for bears that name; the rest is `whyrst.*`, as in the verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.reports.digest import IPV6, end

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whyrst.model import HarmLevel, Kernel, Verdict

    Value = str | bool | int | float | Sequence[str]

EVENT = "whyrst.verdict"
"""Name of the event."""
UID = "log.record.uid"
SEVERITIES: dict[HarmLevel, str] = {
    "none": "INFO",
    "unknown": "INFO2",
    "refused": "WARN",
    "aborted": "WARN2",
    "data-lost": "ERROR",
}
"""Severity by harm (OpenTelemetry logs data model, SeverityNumber)."""
ARRIVED = frozenset({"received", "dropped"})
"""Kinds of kernel events of which the local end is the reset's destination."""


def attributes(verdict: Verdict) -> Iterator[tuple[str, Value | None]]:
    """Keys and values; None where the verdict does not know."""
    yield from _network(verdict)
    yield from _reset(verdict)
    yield from _connection(verdict)
    yield from _cause(verdict)
    if verdict.kernel is not None:
        yield from _kernel(verdict.kernel)


def _network(verdict: Verdict) -> Iterator[tuple[str, Value | None]]:
    reset = verdict.reset
    source, destination = end(reset.source), end(reset.destination)
    arrived = verdict.kernel is not None and verdict.kernel.socket.get("kind") in ARRIVED
    yield "network.transport", "tcp"
    yield "network.type", "ipv6" if IPV6 in source.ip else "ipv4"
    for prefix, (address, port) in (
        ("source", source),
        ("destination", destination),
        ("network.local", destination if arrived else source),
        ("network.peer", source if arrived else destination),
        ("client", end(verdict.connection.client)),
        ("server", end(verdict.connection.server)),
    ):
        yield f"{prefix}.address", address
        yield f"{prefix}.port", port


def _reset(verdict: Verdict) -> Iterator[tuple[str, Value | None]]:
    reset = verdict.reset
    yield "whyrst.reset.sender", reset.sender
    yield "whyrst.reset.mechanism", reset.mechanism
    yield "whyrst.reset.flags", reset.flags
    yield "whyrst.reset.seq", reset.seq
    yield "whyrst.reset.ack", reset.ack
    yield "whyrst.reset.window", reset.window
    yield "whyrst.reset.ttl", reset.ttl if reset.ttl >= 0 else None  # the kernel sends it without telling
    yield "whyrst.reset.ip_id", reset.ip_id
    yield "whyrst.reset.effective", reset.effective
    yield "whyrst.reset.ordinal", reset.ordinal
    yield "whyrst.reset.declared", verdict.declared


def _connection(verdict: Verdict) -> Iterator[tuple[str, Value | None]]:
    connection = verdict.connection
    yield "whyrst.connection.id", connection.id
    yield "whyrst.connection.community_id", connection.community_id
    yield "whyrst.connection.stage", connection.stage
    yield "whyrst.connection.state", connection.state
    yield "whyrst.connection.client_known", connection.client_known
    yield "whyrst.connection.start", connection.start
    yield "whyrst.connection.duration", connection.duration
    yield "whyrst.connection.bytes_client", connection.bytes_client
    yield "whyrst.connection.bytes_server", connection.bytes_server
    yield "whyrst.connection.name", connection.name
    yield "whyrst.connection.tunnel", connection.tunnel


def _cause(verdict: Verdict) -> Iterator[tuple[str, Value | None]]:
    yield "whyrst.schema", verdict.schema
    yield "whyrst.vantage", verdict.vantage
    yield "whyrst.cause", verdict.cause
    yield "whyrst.confidence", verdict.confidence
    yield "whyrst.probability", verdict.probability
    yield "whyrst.evidence", [one.says for one in verdict.evidence if one.holds == "yes"]
    yield "whyrst.alternatives", [one.cause for one in verdict.alternatives]
    yield "whyrst.harm.level", verdict.harm.level
    yield "whyrst.harm.bytes_lost", verdict.harm.bytes_lost
    yield "whyrst.harm.says", verdict.harm.says
    yield "whyrst.references.rfc", verdict.references.rfc
    yield "whyrst.references.source", verdict.references.source
    yield "whyrst.references.counter", verdict.references.counter
    yield "whyrst.fix", verdict.fix
    yield "whyrst.to_be_sure", verdict.to_be_sure


def _kernel(kernel: Kernel) -> Iterator[tuple[str, Value | None]]:
    if kernel.process is not None:
        yield "process.pid", kernel.process.pid
        yield "whyrst.process.comm", kernel.process.comm  # no name of a program: a process may call itself anything
    yield "whyrst.kernel.reason", kernel.reason
    yield "whyrst.kernel.function", kernel.function
    yield "whyrst.kernel.stack", kernel.stack
    yield "whyrst.kernel.version", kernel.kernel_version
    for name, value in kernel.socket.items():
        yield f"whyrst.kernel.socket.{name}", value
