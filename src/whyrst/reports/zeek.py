r"""Zeek: a log as its ASCII writer makes it, so that zeek-cut and whatever else reads Zeek's logs reads this one.

Zeek's uid is random, so it cannot be known here; `community_id` joins with Zeek's conn.log (of the package that adds
it there), with Suricata and others. There are no #open and #close lines: equal captures give equal logs.

Text is UTF-8. Control characters, backslashes, and separators within a field are written as ``\xNN``, byte by byte, as
Zeek does (its src/threading/formatters/Ascii.cc and src/Desc.cc).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from whyrst.reports.digest import end, supporting, times

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whyrst.model import Verdict
    from whyrst.reports.page import View
    from whyrst.reports.source import Source

FORMAT = "zeek"
"""Name of this format."""

LINES = 512
"""Lines that are gathered before they are written."""

SET_SEPARATOR, EMPTY, UNSET = ",", "(empty)", "-"

FIELDS = {
    "ts": "time",
    "community_id": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "id.resp_h": "addr",
    "id.resp_p": "port",
    "connection": "string",
    "duration": "interval",
    "orig_bytes": "count",
    "resp_bytes": "count",
    "server_name": "string",
    "frame": "count",
    "sender_is_orig": "bool",
    "mechanism": "string",
    "cause": "string",
    "confidence": "string",
    "probability": "double",
    "harm": "string",
    "bytes_lost": "count",
    "incident": "string",
    "evidence": "vector[string]",
    "fix": "string",
    "capture": "string",
}
"""Names and Zeek's types of the columns; `ts` is the reset's time, `duration` lasts from the first packet to it."""

_HEADER = (
    "#separator \\x09",
    f"#set_separator\t{SET_SEPARATOR}",
    f"#empty_field\t{EMPTY}",
    f"#unset_field\t{UNSET}",
    "#path\twhyrst",
    "\t".join(["#fields", *FIELDS]),
    "\t".join(["#types", *FIELDS.values()]),
)


def write(source: Source, out: BinaryIO, view: View) -> None:  # noqa: ARG001  (formats have one signature)
    """Write the header and a line for each reset."""
    lines = list(_HEADER)
    for judged in source.batches():
        for row in range(len(judged)):
            lines.append("\t".join(line(judged.verdict(row))))
            if len(lines) >= LINES:
                _put(out, lines)
        _put(out, lines)
        out.flush()
    _put(out, lines)


def _put(out: BinaryIO, lines: list[str]) -> None:
    """Write lines and forget them."""
    out.write("".join(f"{one}\n" for one in lines).encode())
    lines.clear()


def line(verdict: Verdict) -> list[str]:
    """The fields of one reset."""
    connection, harm = verdict.connection, verdict.harm
    client, server = end(connection.client), end(connection.server)
    start, time = times(verdict)
    return [
        f"{time // 10**9}.{time % 10**9:09d}",
        connection.community_id,
        client.ip,
        str(client.port),
        server.ip,
        str(server.port),
        string(connection.id),
        f"{max(time - start, 0) / 10**9:.6f}",
        str(connection.bytes_client),
        str(connection.bytes_server),
        string(connection.name),
        str(verdict.frame),
        "T" if verdict.reset.sender == "client" else "F",
        verdict.reset.mechanism,
        verdict.cause,
        verdict.confidence,
        f"{verdict.probability:.4f}",
        harm.level,
        UNSET if harm.bytes_lost is None else str(harm.bytes_lost),
        string(verdict.incident),
        vector(supporting(verdict)),
        string(verdict.fix),
        string(verdict.capture),
    ]


def string(text: str | None) -> str:
    """A field of type string, escaped so that it is none of the reserved ones and holds no separator."""
    if text is None:
        return UNSET
    if not text:
        return EMPTY
    if text in {UNSET, EMPTY}:
        return _hex(text[0]) + text[1:]
    if "\\" not in text and text.isprintable():
        return text
    return "".join(_hex(one) if one == "\\" or not one.isprintable() else one for one in text)


def vector(texts: Iterable[str]) -> str:
    """A field of type vector[string]."""
    made = [string(text).replace(SET_SEPARATOR, _hex(SET_SEPARATOR)) for text in texts]
    return SET_SEPARATOR.join(made) or EMPTY


def _hex(one: str) -> str:
    """A character as escapes of its bytes; what is no Unicode is the byte of a file name that it stands for."""
    return "".join(f"\\x{byte:02x}" for byte in one.encode("utf-8", "surrogateescape"))
