r"""`--connections`: a list of connections, from Zeek's conn.log or as Community IDs.

Each line is one of: a line of a Zeek log (TSV, after its `#fields` line, whatever its columns and their order), a Zeek
log line as JSON, or a bare Community ID (version 1, seed 0). Other lines that begin with `#` and empty lines are passed
over, and so are connections of Zeek's that are not TCP. The file may be compressed.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from whyrst.capture.errors import named, shown
from whyrst.capture.source import Source
from whyrst.resets.text import community_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_LINE = 1 << 20
"""Bytes of a line; a longer one is no log's."""

PIECE = 1 << 20
"""Bytes read at once."""

PLACES = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
"""Zeek's names of a connection's addresses and ports."""

_COMMUNITY_ID = re.compile(r"1:[A-Za-z0-9+/]{27}=")


class ConnectionsError(ValueError):
    """A list of connections that cannot be understood."""


def listed(path: str) -> frozenset[str]:
    """Read a list of connections.

    Returns:
        Their Community IDs.

    Raises:
        ConnectionsError: with the number of the line that is wrong.
        whyrst.capture.errors.CaptureError: the file cannot be opened.
    """
    found: set[str] = set()
    log = _Log()
    for number, line in enumerate(_lines(path), 1):
        try:
            one = log.connection(line)
        except ValueError as error:
            raise ConnectionsError(f"{named(path)}: line {number}: {error}") from None
        if one is not None:
            found.add(one)
    return frozenset(found)


def _lines(path: str) -> Iterator[str]:
    """The lines of a file, without their ends; bytes that are no UTF-8 are kept as surrogates."""
    rest = b""
    room = memoryview(bytearray(PIECE))
    with Source(path) as source:
        while n := source.readinto(room):
            *lines, rest = (rest + bytes(room[:n])).split(b"\n")
            if len(rest) > LONGEST_LINE:
                raise ConnectionsError(f"{named(path)}: a line is longer than {LONGEST_LINE:,} bytes")
            yield from (line.decode("utf-8", "surrogateescape").removesuffix("\r") for line in lines)
        if source.trouble:
            raise ConnectionsError(f"{named(path)}: {source.trouble}")
    if rest:
        yield rest.decode("utf-8", "surrogateescape")


class _Log:
    """What the header of a Zeek log told so far."""

    def __init__(self) -> None:
        self._separator = "\t"
        self._fields: list[str] | None = None

    def connection(self, line: str) -> str | None:
        """The Community ID of the connection on a line; nothing for lines without a TCP connection.

        Raises:
            ValueError: the line is none that is known.
        """
        if line.startswith("#"):
            self._directive(line)
            return None
        if not line.strip():
            return None
        if line.startswith("{"):
            return _of_zeek(_record(line))
        if self._fields is None:
            if not _COMMUNITY_ID.fullmatch(line.strip()):
                raise ValueError(f'neither a Zeek log line nor a Community ID: "{shown(line[:40])}"')
            return line.strip()
        parts = line.split(self._separator)
        if len(parts) != len(self._fields):
            raise ValueError(f"it has {len(parts)} columns, but the header names {len(self._fields)}")
        return _of_zeek(dict(zip(self._fields, parts, strict=True)))

    def _directive(self, line: str) -> None:
        """Take over what a line of the header says."""
        if line.startswith("#separator "):
            escape = re.fullmatch(r"#separator \\x([0-9a-f]{2})", line)
            if escape is None:
                raise ValueError(f'no separator is told by "{shown(line[:40])}"')
            self._separator = chr(int(escape[1], 16))
        elif line.startswith("#fields" + self._separator):
            self._fields = line.split(self._separator)[1:]
            missing = [name for name in PLACES if name not in self._fields]
            if missing:
                raise ValueError(f"the log has no column {missing[0]}")


def _record(line: str) -> Mapping[str, Any]:
    """A log line as JSON; Zeek writes `id.orig_h` with a dot, exporters also nest it."""
    import msgspec

    try:
        made: dict[str, Any] = msgspec.json.decode(line)
    except UnicodeEncodeError:
        raise ValueError("no valid JSON: it is no UTF-8") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no valid JSON: {error}") from None
    nested = made.get("id")
    return made | {f"id.{name}": value for name, value in nested.items()} if isinstance(nested, dict) else made


def _of_zeek(record: Mapping[str, Any]) -> str | None:
    """The Community ID of a log's record, unless it tells of something else than TCP."""
    if record.get("proto", "tcp") != "tcp":
        return None
    try:
        a, a_port, b, b_port = (record[name] for name in PLACES)
    except KeyError as error:
        raise ValueError(f"it has no {error.args[0]}") from None
    ends = [(ipaddress.ip_address(str(a)).packed, _port(a_port)), (ipaddress.ip_address(str(b)).packed, _port(b_port))]
    return community_id(*ends[0], *ends[1])


def _port(value: object) -> int:
    """A port, written as a number or in digits."""
    text = str(value)
    if not text.isdecimal() or not text.isascii() or int(text) > 0xFFFF:  # noqa: PLR2004  (ports have 16 bits)
        raise ValueError(f'no port can be "{shown(text[:40])}"')
    return int(text)
