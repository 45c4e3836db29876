"""OCSF: one Network Activity event (class 4001) of the Open Cybersecurity Schema Framework per line.

The source endpoint is the initiator of the connection. A refused connection is activity Refuse, all else Reset. What
the schema has no place for stands in `unmapped`: there, the whole verdict as `--format ndjson` writes it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

from whyrst.reports.digest import IPV6, End, end, headline, times
from whyrst.reports.ndjson import write_lines

if TYPE_CHECKING:
    from whyrst.model import HarmLevel, VantageName, Verdict
    from whyrst.reports.page import View
    from whyrst.reports.source import Source

FORMAT = "ocsf"
"""Name of this format."""

OCSF = "1.7.0"
"""Version of the schema, the first with all attributes that are written."""

CATEGORY, CLASS = 4, 4001
NAME = "Network Activity"
"""Of the category and of the class."""
RESET, REFUSE = (3, "Reset"), (5, "Refuse")
TCP = 6
UNKNOWN = 0

SEVERITIES: dict[HarmLevel, tuple[int, str]] = {
    "unknown": (0, "Unknown"),
    "none": (1, "Informational"),
    "refused": (2, "Low"),
    "aborted": (3, "Medium"),
    "data-lost": (4, "High"),
}
"""severity_id and its caption."""

STATUSES: dict[HarmLevel, tuple[int, str]] = {"none": (1, "Success"), "unknown": (0, "Unknown")}
"""status_id and its caption: whether the connection served its purpose."""
FAILURE = (2, "Failure")

OBSERVED: dict[VantageName, tuple[int, str]] = {
    "client": (1, "Source"),
    "server": (2, "Destination"),
    "between": (3, "Neither"),
}
"""observation_point_id and its caption."""


def write(source: Source, out: BinaryIO, view: View) -> None:  # noqa: ARG001  (formats have one signature)
    """Write a line for each reset."""
    write_lines(source, out, event)


def event(verdict: Verdict) -> dict[str, Any]:
    """One reset as an event."""
    connection, level = verdict.connection, verdict.harm.level
    start, time = (at // 1_000_000 for at in times(verdict))
    activity, activity_name = REFUSE if level == "refused" else RESET
    severity, severity_name = SEVERITIES[level]
    status, status_name = STATUSES.get(level, FAILURE)
    observed, observed_name = OBSERVED.get(verdict.vantage, (UNKNOWN, "Unknown"))
    client = end(connection.client)
    return {
        "category_uid": CATEGORY,
        "category_name": NAME,
        "class_uid": CLASS,
        "class_name": NAME,
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": CLASS * 100 + activity,
        "type_name": f"{NAME}: {activity_name}",
        "time": time,
        "start_time": start,
        "end_time": time,
        "duration": max(time - start, 0),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "status_code": verdict.cause,
        "status_detail": headline(verdict),
        "message": headline(verdict),
        "src_endpoint": _endpoint(client),
        "dst_endpoint": _endpoint(end(connection.server)),
        "is_src_dst_assignment_known": connection.client_known,
        "observation_point_id": observed,
        "observation_point": observed_name,
        "connection_info": {
            "uid": connection.id,
            "community_uid": connection.community_id,
            "direction_id": UNKNOWN,
            "protocol_num": TCP,
            "protocol_name": "tcp",
            "protocol_ver_id": 6 if IPV6 in client.ip else 4,
        },
        "traffic": {
            "bytes_out": connection.bytes_client,
            "bytes_in": connection.bytes_server,
            "bytes": connection.bytes_client + connection.bytes_server,
        },
        "metadata": _metadata(verdict),
        "unmapped": {"whyrst": verdict},
    }


def _endpoint(one: End) -> dict[str, Any]:
    return {"ip": one.ip, "port": one.port}


def _metadata(verdict: Verdict) -> dict[str, Any]:
    made = {
        "version": OCSF,
        "product": _product(),
        "uid": f"{verdict.connection.id}-{verdict.frame}",
        "event_code": verdict.cause,
        "original_time": verdict.time,
        "log_name": verdict.capture,
    }
    return made if verdict.incident is None else made | {"correlation_uid": verdict.incident}


@cache
def _product() -> dict[str, str]:
    from importlib.metadata import version

    return {"name": "whyrst", "vendor_name": "whyrst", "version": version("whyrst")}
