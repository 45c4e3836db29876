"""User stacks: addresses told as file and offset, as far as the process still lives and may be looked at.

File and offset are what addr2line, objdump and debuginfod ask for; programs built without frame pointers show a frame
or two only.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from whyrst.kernel.event import KernelEvent

PROC = Path("/proc")
LINE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \S+ \d+[ \t]*(.*)$", re.MULTILINE)
"""An executable mapping in /proc/PID/maps (proc_pid_maps(5))."""


class Mapping(NamedTuple):
    """One executable part of a process.

    Attributes:
        offset: in the file, of its first byte.
        name: of the file, without its folder.
    """

    start: int
    end: int
    offset: int
    name: str


def mappings(text: str) -> list[Mapping]:
    """Executable mappings of /proc/PID/maps, in the order of addresses."""
    return [
        Mapping(int(start, 16), int(end, 16), int(offset, 16), path.removesuffix(" (deleted)").rpartition("/")[2])
        for start, end, offset, path in LINE.findall(text)
    ]


def named(address: int, among: list[Mapping]) -> str:
    """File and offset of an address; the address itself where nothing is mapped.

    >>> named(0x1010, [Mapping(0x1000, 0x2000, 0x500, "libc.so.6")])
    'libc.so.6+0x510'
    """
    at = bisect_right(among, address, key=lambda one: one.start) - 1
    if at < 0 or address >= among[at].end:
        return f"0x{address:x}"
    found = among[at]
    return f"{found.name or 'anonymous'}+0x{address - found.start + found.offset:x}"


def with_frames(event: KernelEvent, proc: Path = PROC) -> KernelEvent:
    """The event with its user stack told so."""
    if not event.user_stack:
        return event
    try:
        text = (proc / str(event.task.pid) / "maps").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended, or is not ours to look at
        return event
    among = mappings(text)
    return msgspec.structs.replace(event, user_stack=tuple(named(int(one, 16), among) for one in event.user_stack))
