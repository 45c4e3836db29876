"""ECS: one event of the Elastic Common Schema per line, ready for Elasticsearch.

Source and destination are client and server, as for every network event; who sent the reset stands in
`whyrst.reset`. `whyrst` holds the whole verdict as `--format ndjson` writes it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

from whyrst.causes import all_causes
from whyrst.reports.digest import IPV6, end, headline, times
from whyrst.reports.ndjson import write_lines

if TYPE_CHECKING:
    from whyrst.model import HarmLevel, VantageName, Verdict
    from whyrst.reports.page import View
    from whyrst.reports.source import Source

FORMAT = "ecs"
"""Name of this format."""

ECS = "8.17.0"
"""Version whose field names are used; all of them are in 9 too."""

OUTCOMES: dict[HarmLevel, str] = {
    "none": "success",
    "refused": "failure",
    "aborted": "failure",
    "data-lost": "failure",
    "unknown": "unknown",
}
"""event.outcome: whether the connection served its purpose."""

DIRECTIONS: dict[VantageName, str] = {"client": "egress", "server": "ingress"}
"""network.direction, which is told from a host's point of view; elsewhere it is unknown."""

SEVERITIES: dict[HarmLevel, int] = {"unknown": 0, "none": 1, "refused": 2, "aborted": 3, "data-lost": 4}
"""event.severity, the higher the worse."""


def write(source: Source, out: BinaryIO, view: View) -> None:  # noqa: ARG001  (formats have one signature)
    """Write a line for each reset."""
    write_lines(source, out, event)


def event(verdict: Verdict) -> dict[str, Any]:
    """One reset as an event."""
    connection = verdict.connection
    client, server = end(connection.client), end(connection.server)
    source: dict[str, Any] = {"ip": client.ip, "port": client.port, "bytes": connection.bytes_client}
    destination: dict[str, Any] = {"ip": server.ip, "port": server.port, "bytes": connection.bytes_server}
    if connection.name:
        destination["domain"] = connection.name
    made = {
        "@timestamp": verdict.time,
        "ecs": {"version": ECS},
        "message": headline(verdict),
        "event": _event(verdict),
        "source": source,
        "destination": destination,
        "client": source,
        "server": destination,
        "network": {
            "transport": "tcp",
            "iana_number": "6",
            "type": "ipv6" if IPV6 in client.ip else "ipv4",
            "community_id": connection.community_id,
            "direction": DIRECTIONS.get(verdict.vantage, "unknown"),
            "bytes": connection.bytes_client + connection.bytes_server,
        },
        "related": {"ip": sorted({client.ip, server.ip})},
        "rule": {"id": verdict.cause, "name": all_causes()[verdict.cause].title, "ruleset": "whyrst"},
        "observer": {"product": "whyrst", "vendor": "whyrst", "version": _version()},
        "log": {"file": {"path": verdict.capture}},
        "whyrst": verdict,
    }
    if verdict.kernel is not None and verdict.kernel.process is not None:
        made["process"] = {"pid": verdict.kernel.process.pid, "name": verdict.kernel.process.comm}
    return made


def _event(verdict: Verdict) -> dict[str, Any]:
    start, time = times(verdict)
    refused = verdict.harm.level == "refused"
    denied = ["denied"] if verdict.reset.mechanism == "firewall" else []
    return {
        "kind": "event",
        "category": ["network"],
        "type": ["connection", "end", *denied],
        "action": "connection-refused" if refused else "connection-reset",
        "outcome": OUTCOMES[verdict.harm.level],
        "reason": headline(verdict),
        "code": verdict.cause,
        "severity": SEVERITIES[verdict.harm.level],
        "module": "whyrst",
        "dataset": "whyrst.verdict",
        "provider": "whyrst",
        "id": f"{verdict.connection.id}-{verdict.frame}",
        "start": verdict.connection.start,
        "end": verdict.time,
        "duration": max(time - start, 0),
    }


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("whyrst")
