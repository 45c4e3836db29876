"""CSV (RFC 4180): one row per reset, flat columns with stable names, for spreadsheets and data frames.

An absent value is an empty field. The parts of a list stand in one field, with bars between them; the full verdict is
what `--format ndjson` writes. Text that a spreadsheet would take for a formula gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from operator import attrgetter
from typing import TYPE_CHECKING, Any, BinaryIO

from whyrst.causes import all_causes
from whyrst.reports.card import mark
from whyrst.reports.digest import end, supporting
from whyrst.reports.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whyrst.model import Verdict
    from whyrst.reports.page import View
    from whyrst.reports.source import Source

    Value = str | int | float | bool | tuple[str, ...] | None

FORMAT = "csv"
"""Name of this format."""

FORMULA = ("=", "+", "-", "@")
"""How spreadsheets recognise a formula."""

BETWEEN = " | "
"""What stands between the parts of a list."""

ROWS = 512
"""Rows that are gathered before they are written."""

COLUMNS: Mapping[str, Callable[[Verdict], Value]] = {
    "capture": attrgetter("capture"),
    "frame": attrgetter("frame"),
    "time": attrgetter("time"),
    "vantage": attrgetter("vantage"),
    "cause": attrgetter("cause"),
    "title": lambda verdict: all_causes()[verdict.cause].title,
    "confidence": attrgetter("confidence"),
    "probability": attrgetter("probability"),
    "harm": attrgetter("harm.level"),
    "bytes_lost": attrgetter("harm.bytes_lost"),
    "sender": attrgetter("reset.sender"),
    "mechanism": attrgetter("reset.mechanism"),
    "client_ip": lambda verdict: end(verdict.connection.client).ip,
    "client_port": lambda verdict: end(verdict.connection.client).port,
    "server_ip": lambda verdict: end(verdict.connection.server).ip,
    "server_port": lambda verdict: end(verdict.connection.server).port,
    "name": attrgetter("connection.name"),
    "connection": attrgetter("connection.id"),
    "community_id": attrgetter("connection.community_id"),
    "tcp_stream": attrgetter("connection.tcp_stream"),
    "client_known": attrgetter("connection.client_known"),
    "stage": attrgetter("connection.stage"),
    "state": attrgetter("connection.state"),
    "start": attrgetter("connection.start"),
    "duration": attrgetter("connection.duration"),
    "bytes_client": attrgetter("connection.bytes_client"),
    "bytes_server": attrgetter("connection.bytes_server"),
    "tunnel": attrgetter("connection.tunnel"),
    "flags": attrgetter("reset.flags"),
    "seq": attrgetter("reset.seq"),
    "ack": attrgetter("reset.ack"),
    "window": attrgetter("reset.window"),
    "ttl": attrgetter("reset.ttl"),
    "ip_id": attrgetter("reset.ip_id"),
    "answers_frame": attrgetter("reset.answers_frame"),
    "effective": attrgetter("reset.effective"),
    "ordinal": attrgetter("reset.ordinal"),
    "copies": attrgetter("copies"),
    "incident": attrgetter("incident"),
    "declared": attrgetter("declared"),
    "evidence": supporting,
    "against": lambda verdict: tuple(one.says for one in verdict.evidence if mark(one) == "-"),
    "alternatives": lambda verdict: tuple(f"{one.cause} {one.probability:.0%}" for one in verdict.alternatives),
    "harm_says": attrgetter("harm.says"),
    "fix": attrgetter("fix"),
    "to_be_sure": attrgetter("to_be_sure"),
    "rfc": attrgetter("references.rfc"),
    "kernel_source": attrgetter("references.source"),
    "counter": attrgetter("references.counter"),
}
"""Names of the columns and where their values stand."""


def write(source: Source, out: BinaryIO, view: View) -> None:  # noqa: ARG001  (formats have one signature)
    """Write the names of the columns and a row for each reset."""
    head = _encoded([tuple(COLUMNS)])
    for judged in source.batches():
        for start in range(0, len(judged), ROWS):
            verdicts = map(judged.verdict, range(start, min(start + ROWS, len(judged))))
            out.write(head + _encoded([[field(value(one)) for value in COLUMNS.values()] for one in verdicts]))
            head = b""
        out.flush()
    out.write(head)


def field(value: Value) -> str | float | None:
    """A value as the csv module takes it, without control characters and not to be taken for a formula."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        value = BETWEEN.join(value)
    if not isinstance(value, str):
        return value
    shown = printable(value)
    return f"'{shown}" if shown.startswith(FORMULA) and len(shown) > 1 else shown


def _encoded(rows: list[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
