"""Reads the packet records of one capture, piece by piece, in one buffer that is used again and again.

A record that straddles the end of a piece is moved to the front before the next bytes are read behind it. The buffer
grows only for a packet that does not fit, up to `LARGEST_BLOCK`; blocks without packets are skipped unread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from whyrst.capture import pcap, pcapng
from whyrst.capture.compression import codec_of
from whyrst.capture.errors import CaptureError, Damage, shown
from whyrst.capture.interface import Interface
from whyrst.capture.source import Source
from whyrst.fast.layout import Rec
from whyrst.fast.select import records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    Array = np.ndarray[Any, np.dtype[np.int64]]

PIECE = 1 << 20
"""Bytes read at once."""

ROWS = 4096
"""Records given at once at most."""

LARGEST_BLOCK = pcap.LARGEST_PACKET + records.BLOCK_OVERHEAD
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
        buffer: Bytes that the records of a batch point into, valid until the next batch.
        table: Rows of `Rec` cells, filled anew for each batch.
    """

    def __init__(self, path: str, *, piece: int = PIECE, rows: int = ROWS) -> None:
        """Open a capture and read its header.

        Args:
            path: A file, or `-` for standard input.
            piece: Bytes read at once.
            rows: Records given at once at most.

        Raises:
            CaptureError: No packets can be read from it.
        """
        self.path = path
        self.interfaces: list[Interface] = []
        self.damage: list[Damage] = []
        self.table: Array = np.zeros((rows, Rec.COUNT), np.int64)
        self.buffer = memoryview(bytearray(max(piece, 64)))
        self._end = 0  # bytes of the buffer that are filled
        self._base = 0  # offset in the (decompressed) capture of the buffer's first byte
        self._state: Array = np.zeros(records.State.COUNT, np.int64)
        self._units: Array = np.zeros((16, records.Unit.COUNT), np.int64)
        self._known = 0  # interfaces of this section
        self._source = Source(path)
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
        return int(self._state[records.State.PACKETS])

    @property
    def wire_bytes(self) -> int:
        """Bytes that the packets read so far had on the wire."""
        return int(self._state[records.State.WIRE_BYTES])

    @property
    def captured_bytes(self) -> int:
        """Bytes that were captured of the packets read so far."""
        return int(self._state[records.State.CAPTURED_BYTES])

    @property
    def earliest(self) -> int | None:
        """Earliest time of the packets read so far (ns since 1970), `None` without packets."""
        return int(self._state[records.State.EARLIEST]) if self.packets else None

    @property
    def latest(self) -> int | None:
        """Latest time of the packets read so far (ns since 1970), `None` without packets."""
        return int(self._state[records.State.LATEST]) if self.packets else None

    def records(self) -> Iterator[int]:
        """Find the packet records, in batches as they arrive.

        Yields:
            How many rows of `table` are filled; they and `buffer` stay valid until the next batch.
        """
        state, table = self._state.data, self.table.data
        while True:
            if self.format == "pcap":
                n = records.pcap(self.buffer, self._end, table, state)
            else:
                n = records.pcapng(self.buffer, self._end, table, state, self._units.data, self._known)
            if n:
                yield n
            if not self._goes_on(state[records.State.WHY]):
                self._settle()
                return

    def _goes_on(self, why: int) -> bool:
        """Do what the scan left to be done; `False` at the end of what can be read."""
        need = int(self._state[records.State.NEED])
        value = int(self._state[records.State.VALUE])
        match why:
            case records.Why.FULL:
                return True
            case records.Why.MORE:
                return self._more(need)
            case records.Why.SKIP:
                return self._skip(need)
            case records.Why.BLOCK | records.Why.FILE:
                return self._described()
            case records.Why.PACKET_LENGTH:
                reason = f"a packet cannot have {value} captured bytes here"
            case records.Why.BLOCK_LENGTH:
                reason = f"a block cannot have a length of {value} bytes here"
            case records.Why.TRAILER:
                reason = f"a block's two lengths differ (the second is {value})"
            case records.Why.INTERFACE:
                reason = f"a packet of interface {value}, but the section has described {self._known}"
            case _:
                reason = "zeros instead of a packet"
        return self._damaged(reason)

    def _damaged(self, reason: str) -> bool:
        """Note damage where the scan stands."""
        self.damage.append(
            Damage(path=self.path, offset=self._base + int(self._state[records.State.AT]), reason=reason)
        )
        return False

    def _fill(self, need: int = 0) -> bool:
        """Move the unread rest to the front and read behind it; `False` at the end.

        Args:
            need: Bytes that must come to stand in the buffer; it grows to hold them.
        """
        at = int(self._state[records.State.AT])
        rest = self._end - at
        if at:
            self.buffer[:rest] = self.buffer[at : self._end]
            self._base += at
            self._end = rest
            self._state[records.State.AT] = 0
        if rest == len(self.buffer):  # doubled only when the bytes did come, so that a lying length costs nothing
            assert need <= LARGEST_BLOCK
            grown = memoryview(bytearray(min(LARGEST_BLOCK, 2 * rest)))
            grown[:rest] = self.buffer
            self.buffer = grown
        n = self._source.readinto(self.buffer[self._end :])
        self._end += n
        return n > 0

    def _more(self, need: int) -> bool:
        """Read on; note what was cut when nothing comes."""
        if self._fill(need):
            return True
        rest = self._end - int(self._state[records.State.AT])
        if self._source.trouble:
            self._state[records.State.AT] = self._end
            return self._damaged(self._source.trouble)
        if rest:
            head = int(self._state[records.State.HEADER]) if self.format == "pcap" else HEAD_BYTES
            part = "a packet" if rest >= head and self.format == "pcap" else "a block" if rest >= head else "a header"
            return self._damaged(f"the file ends inside {part}: {rest} of {need} bytes")
        return False

    def _skip(self, length: int) -> bool:
        """Go past a block that is longer than the buffer's rest without keeping it."""
        state = self._state
        start = self._base + int(state[records.State.AT])
        left = length - 4
        while True:
            step = min(left, self._end - int(state[records.State.AT]))
            state[records.State.AT] += step
            left -= step
            if not left and self._end - int(state[records.State.AT]) >= 4:  # noqa: PLR2004 (the second length)
                break
            if not self._fill():
                read = self._base + self._end - start
                return self._damaged(self._source.trouble or f"the file ends inside a block: {read} of {length} bytes")
        at = int(state[records.State.AT])
        second = int.from_bytes(self.buffer[at : at + 4], "big" if state[records.State.BIG] else "little")
        if second != length:
            return self._damaged(f"a block's two lengths differ ({length} and {second})")
        state[records.State.AT] += 4
        return True

    def _described(self) -> bool:
        """Read what describes the capture: a file header or a describing block; `False` when it is damaged."""
        at = int(self._state[records.State.AT])
        head = bytes(self.buffer[at : at + HEAD_BYTES])
        try:
            if self.format == "pcap":
                self._damaged("another pcap file begins here; it is read on")
                return self._have(pcap.HEADER_BYTES) and self._file_header()
            if head[:4] == pcapng.MAGIC:
                big, length = pcapng.section_head(head)
                return self._have(length) and self._section(big=big, length=length)
            return self._block()
        except ValueError as error:
            return self._damaged(str(error))

    def _have(self, need: int) -> bool:
        """Read on until `need` bytes stand in the buffer; note what was cut when they do not come."""
        while self._end - int(self._state[records.State.AT]) < need:
            if not self._more(need):
                return False
        return True

    def _file_header(self) -> bool:
        """Take over a pcap file header."""
        at = int(self._state[records.State.AT])
        header = pcap.pcap_header(bytes(self.buffer[at : at + pcap.HEADER_BYTES]))
        self._settle()
        self.interfaces.append(Interface(header.link, header.snaplen))
        cell = records.State
        for name, value in (
            (cell.AT, at + pcap.HEADER_BYTES),
            (cell.BIG, header.big),
            (cell.TICK, header.tick),
            (cell.HEADER, header.record),
            (cell.SWAP, header.swap),
            (cell.BOUND, header.bound),
            (cell.LINK, header.link),
        ):
            self._state[name] = value
        return True

    def _section(self, *, big: bool, length: int) -> bool:
        """Take over a section header: its interfaces are numbered from 0 again."""
        at = int(self._state[records.State.AT])
        pcapng.check_section(bytes(self.buffer[at : at + length]), big=big)
        self._settle()
        self._known = 0
        self._state[records.State.BIG] = big
        self._state[records.State.BOUND] = pcap.LARGEST_PACKET
        self._state[records.State.AT] = at + length
        return True

    def _block(self) -> bool:
        """Take over an interface or its statistics; the scan has checked that the whole block is there."""
        big = bool(self._state[records.State.BIG])
        at = int(self._state[records.State.AT])
        order: Literal["big", "little"] = "big" if big else "little"
        length = int.from_bytes(self.buffer[at + 4 : at + 8], order)
        kind = int.from_bytes(self.buffer[at : at + 4], order)
        block = bytes(self.buffer[at : at + length])
        if kind == pcapng.INTERFACE:
            if len(self.interfaces) == MOST_INTERFACES:
                raise ValueError(f"more than {MOST_INTERFACES} interfaces")
            described, cells = pcapng.interface(block, big=big)
            if self._known == len(self._units):
                self._units = np.vstack((self._units, np.zeros_like(self._units)))
            for cell, value in cells.items():
                self._units[self._known, cell] = value
            self._units[self._known, records.Unit.NUMBER] = len(self.interfaces)
            self.interfaces.append(described)
            self._known += 1
        else:
            number, received, dropped = pcapng.statistics(block, big=big)
            if number < self._known:
                one = self.interfaces[int(self._units[number, records.Unit.NUMBER])]
                one.received = one.received if received is None else received
                one.dropped = one.dropped if dropped is None else dropped
        self._state[records.State.AT] = at + length
        return True

    def _settle(self) -> None:
        """Bring the interfaces' packet counts up to date: a section or file has ended."""
        if self.format == "pcap" and self.interfaces:
            last = self.interfaces[-1]
            last.packets = self.packets - sum(one.packets for one in self.interfaces[:-1])
        for number, packets in self._units[: self._known, [records.Unit.NUMBER, records.Unit.PACKETS]].tolist():
            self.interfaces[number].packets = packets

    def _begin(self) -> None:
        """Read the capture's header."""
        while self._end < HEAD_BYTES and self._fill():
            pass
        head = bytes(self.buffer[: self._end])
        self.format = "pcap" if pcap.is_pcap(head) else "pcapng"
        if self._source.trouble and self._end < HEAD_BYTES:
            raise CaptureError(self.path, self._end, self._source.trouble)
        if self.format == "pcapng" and not pcapng.is_pcapng(head):
            raise CaptureError(self.path, 0, _not_a_capture(head))
        try:
            if self.format == "pcap":
                good = self._have(pcap.HEADER_BYTES) and self._file_header()
            else:
                good = self._have(HEAD_BYTES) and self._described()
        except ValueError as error:
            raise CaptureError(self.path, 0, str(error)) from None
        if not good:
            raise CaptureError(self.path, self.damage[0].offset, self.damage[0].reason)


def _not_a_capture(head: bytes) -> str:
    """Say what the first bytes of a file show when they are no capture's."""
    for magic, kind in _FOREIGN:
        if head.startswith(magic):
            return f"not a pcap or pcapng capture: it is {kind}"
    codec = codec_of(head)
    if codec:
        return f"not a pcap or pcapng capture: compressed by {codec.name} a second time"
    start = head[:8]
    seen = f'"{shown(start.decode("ascii"))}"' if start.isascii() else start.hex(" ")
    return f"not a pcap or pcapng capture: it begins with {seen}"
