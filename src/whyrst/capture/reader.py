"""Reads the packet records of one capture, piece by piece.

`whyrst.fast.records` finds the packets; what it stops at is decided here: headers and interfaces are taken over, long
blocks without packets skipped, damage noted. The buffer grows only for a packet that does not fit into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from whyrst.capture import pcap, pcapng
from whyrst.capture.compression import codec_of
from whyrst.capture.errors import CaptureError, shown
from whyrst.capture.interface import Interface
from whyrst.capture.source import Source
from whyrst.capture.window import Window
from whyrst.fast import scan
from whyrst.fast.layout import Rec
from whyrst.fast.select import records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from whyrst.model import Damage

    Array = np.ndarray[Any, np.dtype[np.int64]]

PIECE = 1 << 20
"""Bytes read at once."""

ROWS = 4096
"""Records given at once at most."""

LARGEST_BLOCK = pcap.LARGEST_PACKET + scan.BLOCK_OVERHEAD
"""Bytes to which the buffer may grow."""

HEAD_BYTES = 12
"""Bytes that tell a capture's format, and the smallest block of pcapng."""

MOST_INTERFACES = 65536
"""Interfaces of one capture; more are taken for damage."""

_FOREIGN = (
    (b"PK\x03\x04", "a zip archive"),
    (b"BZh", "compressed by bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x02\x21\x4c\x18", "compressed by the old LZ4 format"),
    (b"snoop\0\0\0", "a Solaris snoop capture"),
    (b"GMBU", "a Network Monitor capture"),
    (b"RTSS", "a Network Monitor 1 capture"),
    (b"\x7fELF", "a program"),
)
"""Files that are taken for captures, by their first bytes."""


class Reader:
    """One capture being read.

    Attributes:
        path: As the user gave it.
        format: `pcap` or `pcapng`.
        interfaces: Those described so far; a pcap file has one. `packets` in them is up to date after `records`.
        damage: Where it could not be read on.
        table: Rows of `Rec` cells, filled anew for each batch.
    """

    def __init__(self, path: str, *, piece: int = PIECE, rows: int = ROWS, ahead: bool = False) -> None:
        """Open a capture and read its header.

        Args:
            path: A file, or `-` for standard input.
            piece: Bytes read at once.
            rows: Records given at once at most.
            ahead: Whether a thread of its own decompresses ahead.

        Raises:
            CaptureError: No packets can be read from it.
        """
        self.path = path
        self.interfaces: list[Interface] = []
        self.damage: list[Damage] = []
        self.table: Array = np.zeros((rows, Rec.COUNT), np.int64)
        self._state: Array = np.zeros(scan.State.COUNT, np.int64)
        self._units: Array = np.zeros((16, scan.Unit.COUNT), np.int64)
        self._known = 0  # interfaces of this section
        self._source = Source(path, ahead=ahead)
        self._window = Window(self._source, piece, LARGEST_BLOCK)
        try:
            self._begin()
        except BaseException:
            self._source.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    @property
    def buffer(self) -> memoryview:
        """Bytes that the records of a batch point into, valid until the next batch."""
        return self._window.buffer

    @property
    def taken(self) -> int:
        """Bytes read from the file so far, compressed ones if it is compressed."""
        return self._source.taken

    @property
    def total(self) -> int | None:
        """Size of the file, `None` for pipes and devices."""
        return self._source.total

    @property
    def compression(self) -> str | None:
        """How the file is compressed."""
        return self._source.codec.name if self._source.codec else None

    @property
    def packets(self) -> int:
        """Packets read so far."""
        return int(self._state[scan.State.PACKETS])

    @property
    def wire_bytes(self) -> int:
        """Bytes that the packets read so far had on the wire."""
        return int(self._state[scan.State.WIRE_BYTES])

    @property
    def captured_bytes(self) -> int:
        """Bytes that were captured of the packets read so far."""
        return int(self._state[scan.State.CAPTURED_BYTES])

    @property
    def earliest(self) -> int | None:
        """Earliest time of the packets read so far (ns since 1970), `None` without packets."""
        return int(self._state[scan.State.EARLIEST]) if self.packets else None

    @property
    def latest(self) -> int | None:
        """Latest time of the packets read so far (ns since 1970), `None` without packets."""
        return int(self._state[scan.State.LATEST]) if self.packets else None

    def records(self) -> Iterator[int]:
        """Find the packet records, in batches as they arrive.

        Yields:
            How many rows of `table` are filled; they and `buffer` stay valid until the next batch.
        """
        state, table, window, cell = self._state.data, self.table.data, self._window, scan.State
        going = True
        while going:
            state[cell.AT] = window.at
            if self.format == "pcap":
                n = records.pcap(window.buffer, window.end, table, state)
            else:
                n = records.pcapng(window.buffer, window.end, table, state, self._units.data, self._known)
            window.at = state[cell.AT]
            if n:
                yield n
            try:
                going = self._goes_on(state[cell.WHY], state[cell.NEED], state[cell.VALUE])
            except CaptureError as error:
                self._note(error)
                going = False
        self._settle()

    def _goes_on(self, why: int, need: int, value: int) -> bool:
        """Do what the scan left to be done; `False` at the end.

        Raises:
            CaptureError: The rest cannot be read.
        """
        match why:
            case scan.Why.FULL:
                return True
            case scan.Why.MORE:
                return self._more(need)
            case scan.Why.SKIP:
                return self._skip(need)
            case scan.Why.FILE:
                self._note(self._wrong("another pcap file begins here; it is read on"))
                return self._file_header()
            case scan.Why.BLOCK:
                return self._section() if self._window.ahead(4) == pcapng.MAGIC else self._block()
            case scan.Why.PACKET_LENGTH:
                reason = f"a packet cannot have {value} captured bytes here"
            case scan.Why.BLOCK_LENGTH:
                reason = f"a block cannot have a length of {value} bytes here"
            case scan.Why.TRAILER:
                reason = f"a block's two lengths differ (the second is {value})"
            case scan.Why.INTERFACE:
                reason = f"a packet of interface {value}, but the section has described {self._known}"
            case _:
                reason = "zeros instead of a packet"
        raise self._wrong(reason)

    def _wrong(self, reason: str, offset: int | None = None) -> CaptureError:
        """Make an error of the place where the window stands, if no other is named."""
        return CaptureError(self.path, self._window.offset if offset is None else offset, reason)

    def _ends(self, part: str, read: int, need: int, offset: int | None = None) -> CaptureError:
        """Make an error of the capture's early end: the source's own trouble, or else the part that is not whole."""
        trouble = self._source.trouble
        if trouble:
            return self._wrong(trouble, self._window.offset + self._window.rest)
        return self._wrong(f"the file ends inside {part}: {read} of {need} bytes", offset)

    def _note(self, error: CaptureError) -> None:
        """Keep an error as damage."""
        from whyrst.model import Damage

        self.damage.append(Damage(path=error.path, offset=error.offset, reason=error.reason))

    def _more(self, need: int) -> bool:
        """Read on for a record or block of `need` bytes."""
        window = self._window
        if window.fill():
            return True
        if not window.rest and not self._source.trouble:
            return False
        if self.format == "pcap":
            part = "a header" if window.rest < self._state[scan.State.HEADER] else "a packet"
        else:
            part = "a header" if window.rest < HEAD_BYTES else "a block"
        raise self._ends(part, window.rest, need)

    def _skip(self, length: int) -> bool:
        """Go past a block that is longer than the buffer's rest without keeping it."""
        window, start = self._window, self._window.offset
        if not window.skip(length - 4) or not window.have(4):
            raise self._ends("a block", window.offset + window.rest - start, length, start)
        second = int.from_bytes(window.ahead(4), "big" if self._state[scan.State.BIG] else "little")
        if second != length:
            raise self._wrong(f"a block's two lengths differ (the second is {second})", start)
        return window.skip(4)

    def _header(self, need: int) -> bytes:
        """Give the `need` bytes of a file or section header."""
        window = self._window
        if not window.have(need):
            raise self._ends("the header", window.rest, need)
        return window.ahead(need)

    def _file_header(self) -> bool:
        """Take over a pcap file header."""
        try:
            header = pcap.pcap_header(self._header(pcap.HEADER_BYTES))
        except ValueError as error:
            raise self._wrong(str(error)) from None
        self._settle()
        self.interfaces.append(Interface(header.link, header.snaplen))
        cell = scan.State
        for name, value in (
            (cell.BIG, header.big),
            (cell.TICK, header.tick),
            (cell.HEADER, header.record),
            (cell.SWAP, header.swap),
            (cell.BOUND, header.bound),
            (cell.LINK, header.link),
        ):
            self._state[name] = value
        return self._window.skip(pcap.HEADER_BYTES)

    def _section(self) -> bool:
        """Take over a section header: its interfaces are numbered from 0 again."""
        try:
            big, length = pcapng.section_head(self._header(HEAD_BYTES))
            pcapng.check_section(self._header(length), big=big)
        except ValueError as error:
            raise self._wrong(str(error)) from None
        self._settle()
        self._known = 0
        self._state[scan.State.BIG] = big
        self._state[scan.State.BOUND] = pcap.LARGEST_PACKET
        return self._window.skip(length)

    def _block(self) -> bool:
        """Take over an interface or its statistics; the scan has checked that the whole block is there."""
        big = bool(self._state[scan.State.BIG])
        order: Literal["big", "little"] = "big" if big else "little"
        block = self._window.ahead(int.from_bytes(self._window.ahead(8)[4:], order))
        if int.from_bytes(block[:4], order) == pcapng.INTERFACE:
            self._interface(block, big=big)
        else:
            number, received, dropped = pcapng.statistics(block, big=big)
            if number < self._known:
                one = self.interfaces[int(self._units[number, scan.Unit.NUMBER])]
                one.received = one.received if received is None else received
                one.dropped = one.dropped if dropped is None else dropped
        return self._window.skip(len(block))

    def _interface(self, block: bytes, *, big: bool) -> None:
        """Take over an interface."""
        if len(self.interfaces) == MOST_INTERFACES:
            raise self._wrong(f"more than {MOST_INTERFACES} interfaces")
        described, cells = pcapng.interface(block, big=big)
        if self._known == len(self._units):
            self._units = np.vstack((self._units, np.zeros_like(self._units)))
        for cell, value in cells.items():
            self._units[self._known, cell] = value
        self._units[self._known, scan.Unit.NUMBER] = len(self.interfaces)
        self.interfaces.append(described)
        self._known += 1

    def _settle(self) -> None:
        """Bring the interfaces' packet counts up to date: a section or file has ended."""
        if self.format == "pcap" and self.interfaces:
            self.interfaces[-1].packets = self.packets - sum(one.packets for one in self.interfaces[:-1])
        for number, packets in self._units[: self._known, [scan.Unit.NUMBER, scan.Unit.PACKETS]].tolist():
            self.interfaces[number].packets = packets

    def _begin(self) -> None:
        """Read the capture's header."""
        self._window.have(HEAD_BYTES)
        head = self._window.ahead(HEAD_BYTES)
        self.format = "pcap" if pcap.is_pcap(head) else "pcapng"
        if self.format == "pcap":
            self._file_header()
        elif head and pcapng.is_pcapng(head):
            self._section()
        else:
            raise self._wrong(self._source.trouble or _not_a_capture(head), 0)


def _not_a_capture(head: bytes) -> str:
    """Say what the first bytes of a file show when they are no capture's."""
    for magic, kind in _FOREIGN:
        if head.startswith(magic):
            return f"not a pcap or pcapng capture: it is {kind}"
    codec = codec_of(head)
    if codec:
        return f"not a pcap or pcapng capture: compressed by {codec.name} a second time"
    if not head:
        return "not a pcap or pcapng capture: nothing is in it"
    start = head[:8]
    seen = f'"{shown(start.decode("ascii"))}"' if start.isascii() else start.hex(" ")
    return f"not a pcap or pcapng capture: it begins with {seen}"
