"""Writes pcapng: functions that turn values into blocks, and a `Writer` that puts them on a byte stream.

Numbers of sections are those of draft-ietf-opsawg-pcapng. Only what whyrst needs is here: section headers (4.1),
interface descriptions (4.2) with times in nanoseconds, enhanced packets (4.3), and options (3.5) for any block.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal

from whyrst.capture.pcapng import INTERFACE, SECTION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    Order = Literal["<", ">"]
    """Byte order of a section, as `struct` writes it."""
    Direction = Literal["in", "out"]

PACKET = 6
"""Type of an enhanced packet block."""

COMMENT = 1
"""opt_comment; it may be given again and again."""
LONGEST_OPTION = 0xFFFF
"""Bytes of an option's value: its length field has 16 bits."""

_SHB_HARDWARE, _SHB_OS, _SHB_USERAPPL = 2, 3, 4
_IF_NAME, _IF_DESCRIPTION, _IF_TSRESOL, _IF_FILTER = 2, 3, 9, 11
_EPB_FLAGS = 2
_BYTE_ORDER_MAGIC = 0x1A2B3C4D
_LENGTH_UNKNOWN = -1
_NANOSECONDS = b"\x09"
_LIBPCAP_FILTER = b"\0"
_DIRECTIONS = {"in": 1, "out": 2}


def text(value: str) -> bytes:
    """A string option's value: UTF-8, cut between characters where the option would be too long."""
    encoded = value.encode("utf-8", "backslashreplace")
    if len(encoded) <= LONGEST_OPTION:
        return encoded
    return encoded[:LONGEST_OPTION].decode("utf-8", "ignore").encode()


def option(code: int, value: bytes, order: Order = "<") -> bytes:
    """One option (section 3.5), padded to 32 bits.

    Raises:
        ValueError: the value is longer than `LONGEST_OPTION`.
    """
    if len(value) > LONGEST_OPTION:
        raise ValueError(f"an option of {len(value)} bytes is too long")
    return struct.pack(order + "HH", code, len(value)) + padded(value)


def options(pairs: Iterable[tuple[int, bytes]], order: Order = "<") -> bytes:
    """A list of options with its end; nothing for no options."""
    made = b"".join(option(code, value, order) for code, value in pairs)
    return made + option(0, b"", order) if made else b""


def block(kind: int, body: bytes, order: Order = "<") -> bytes:
    """One block (section 3.1) around a body that is padded to 32 bits."""
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def section_header(
    *, comments: Iterable[str] = (), hardware: str = "", system: str = "", application: str = "", order: Order = "<"
) -> bytes:
    """A section header block (section 4.1) of a section whose length is not told, as a stream needs it.

    Args:
        comments: one opt_comment for each.
        hardware: shb_hardware, the machine.
        system: shb_os, the operating system.
        application: shb_userappl, the program that writes.
        order: byte order of the section.
    """
    pairs = _comments(comments)
    pairs += _texts((_SHB_HARDWARE, hardware), (_SHB_OS, system), (_SHB_USERAPPL, application))
    fixed = struct.pack(order + "IHHq", _BYTE_ORDER_MAGIC, 1, 0, _LENGTH_UNKNOWN)
    return block(SECTION, fixed + options(pairs, order), order)


def interface_description(
    link: int, *, snaplen: int = 0, name: str = "", description: str = "", expression: str = "", order: Order = "<"
) -> bytes:
    """An interface description block (section 4.2) whose packets have their times in nanoseconds.

    Args:
        link: LINKTYPE_ number (1 Ethernet, 101 raw IP, 276 Linux cooked v2).
        snaplen: bytes after which packets are cut; 0 for no limit.
        name: if_name, as the system calls it.
        description: if_description.
        expression: if_filter, the libpcap filter that chose the packets.
        order: byte order of the section.
    """
    pairs = _texts((_IF_NAME, name), (_IF_DESCRIPTION, description))
    pairs.append((_IF_TSRESOL, _NANOSECONDS))
    if expression:
        pairs.append((_IF_FILTER, _LIBPCAP_FILTER + text(expression)[: LONGEST_OPTION - 1]))
    return block(INTERFACE, struct.pack(order + "HHI", link, 0, snaplen) + options(pairs, order), order)


def enhanced_packet(
    data: bytes,
    time: int,
    *,
    interface: int = 0,
    wire: int | None = None,
    comments: Iterable[str] = (),
    direction: Direction | None = None,
    order: Order = "<",
) -> bytes:
    """An enhanced packet block (section 4.3).

    Args:
        data: captured bytes, from the link layer's header on.
        time: units of the interface's resolution since 1970: nanoseconds for `interface_description`.
        interface: number in the section, from 0.
        wire: bytes that it had on the wire, when more than were captured.
        comments: one opt_comment for each.
        direction: whether it came in or went out (epb_flags), if known.
        order: byte order of the section.
    """
    pairs = _comments(comments)
    if direction is not None:
        pairs.append((_EPB_FLAGS, struct.pack(order + "I", _DIRECTIONS[direction])))
    length = len(data)
    wire = length if wire is None else wire
    fixed = struct.pack(order + "IIIII", interface, time >> 32, time & 0xFFFFFFFF, length, wire)
    return block(PACKET, fixed + padded(data) + options(pairs, order), order)


def padded(data: bytes) -> bytes:
    """Data with zeros up to the next 32 bits."""
    return data + b"\0" * (-len(data) % 4)


def _comments(comments: Iterable[str]) -> list[tuple[int, bytes]]:
    return [(COMMENT, text(one)) for one in comments]


def _texts(*pairs: tuple[int, str]) -> list[tuple[int, bytes]]:
    return [(code, text(value)) for code, value in pairs if value]


class Writer:
    """Writes one section to a byte stream as it grows; what is written can be read at any time.

    Example:
        with open("live.pcapng", "wb") as file:
            writer = Writer(file, application="whyrst")
            eth0 = writer.interface(1, name="eth0")
            writer.packet(frame, time_ns, interface=eth0, comments=["whyrst: port-closed, certain"])
    """

    def __init__(
        self,
        out: BinaryIO,
        *,
        comments: Iterable[str] = (),
        hardware: str = "",
        system: str = "",
        application: str = "whyrst",
    ) -> None:
        """Write the section header; the values are those of `section_header`."""
        self._out = out
        self._interfaces = 0
        out.write(section_header(comments=comments, hardware=hardware, system=system, application=application))

    def interface(
        self, link: int, *, snaplen: int = 0, name: str = "", description: str = "", expression: str = ""
    ) -> int:
        """Describe an interface as `interface_description` does.

        Returns:
            Its number, for `packet`.
        """
        self._out.write(
            interface_description(link, snaplen=snaplen, name=name, description=description, expression=expression)
        )
        self._interfaces += 1
        return self._interfaces - 1

    def packet(
        self,
        data: bytes,
        time: int,
        *,
        interface: int = 0,
        wire: int | None = None,
        comments: Iterable[str] = (),
        direction: Direction | None = None,
    ) -> None:
        """Write a packet; `time` in nanoseconds since 1970, the rest as for `enhanced_packet`.

        Raises:
            IndexError: the interface was not described.
        """
        if not 0 <= interface < self._interfaces:
            raise IndexError(f"interface {interface} was not described")
        self._out.write(
            enhanced_packet(data, time, interface=interface, wire=wire, comments=comments, direction=direction)
        )

    def flush(self) -> None:
        """Hand on what the stream still holds."""
        self._out.flush()
