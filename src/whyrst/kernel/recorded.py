"""Recorded kernel events: what `whyrst trace --events` writes, one JSON object a line.

A file may come from anywhere: what does not fit is refused with the number of its line, before anything is built on it.
"""

from __future__ import annotations

import ipaddress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from whyrst.capture.errors import shown
from whyrst.kernel.event import SCHEMA, KernelEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 1 << 16
"""Bytes of a line; an event takes about two thousand."""
LATEST = 1 << 62
"""Ns since 1970; later times do not fit where they are compared."""
NUMBER = 1 << 32
PORTS = 1 << 16


class RecordError(ValueError):
    """A file that holds no events; the message says where and why."""


def read(path: str) -> Iterator[KernelEvent]:
    """The events of a file.

    Raises:
        RecordError: a line is no event.
        OSError: the file cannot be read.
    """
    decode = msgspec.json.Decoder(KernelEvent).decode
    with Path(path).open("rb") as file:
        for number in count(1):
            line = file.readline(LONGEST)
            if not line:
                return
            if not line.strip():
                continue
            try:
                event = decode(line)
                check(event)
            except (msgspec.DecodeError, RecursionError, ValueError) as error:
                why = "it is too long" if len(line) == LONGEST else str(error)
                raise RecordError(f"{shown(path)}: line {number} is no kernel event: {shown(why)}") from error
            yield event


def check(event: KernelEvent) -> None:
    """Let an event pass whose values can be true.

    Raises:
        ValueError: what is wrong with it.
    """
    if event.schema != SCHEMA:
        raise ValueError(f"its schema is {event.schema!r}, not {SCHEMA}")
    past, numbers = event.past, event.numbers
    times = [event.time]
    if past is not None:
        times += [
            past.opened,
            past.established or 0,
            past.left or 0,
            past.ended or 0,
            past.repeated or 0,
            past.reset or 0,
        ]
        _in_range("past", NUMBER, past.snd_nxt, past.rcv_nxt)
        _in_range("past", LATEST, past.bytes_acked, past.bytes_received)
    _in_range("time", LATEST, *times)
    if numbers is not None:
        _in_range("numbers", NUMBER, numbers.snd_una, numbers.snd_nxt, numbers.write_seq, numbers.rcv_nxt)
        _in_range("numbers", NUMBER, numbers.copied_seq, numbers.rcv_wnd)
        _in_range("numbers", LATEST, numbers.bytes_sent, numbers.bytes_acked, numbers.bytes_received)
        _in_range("window_shift", 15, numbers.window_shift)
        _in_range("seconds", 1 << 30, *(x or 0 for x in (numbers.sent_ago, numbers.received_ago, numbers.heard_ago)))
    for ends in (event.socket, event.packet):
        for end in (ends.local, ends.remote) if ends is not None else ():
            host, _, port = end.rpartition(":")
            ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
            if not port.isdecimal() or int(port) >= PORTS:
                raise ValueError(f"{end!r} is not ip:port")


def _in_range(name: str, end: int, *values: float) -> None:
    if any(not 0 <= value < end for value in values):
        raise ValueError(f"{name} is out of range")
