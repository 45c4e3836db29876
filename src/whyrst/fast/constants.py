"""Numbers that the decoder and the tracker work with: cells under short names (`S_TIME` is `Seg.TIME`), bits, times.

The compiled loop has them as constants of C, which setup.py writes to `compiled/constants.pxd`. Read from variables,
they cost it a fifth of its time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from whyrst.fast import layout, tables
from whyrst.fast.layout import MAX_TUNNELS, Flag, IpFlag, Kind, Opt, Quality, Rec, Seg, Skip, Tunnel
from whyrst.fast.tables import Conn, Dir, Glob, Log, Ring, Rst

if TYPE_CHECKING:
    from enum import IntEnum, IntFlag

STATES = 11
SYN_SENT = 1
SYN_RECEIVED = 2
LONGEST_NAME = layout.LONGEST_NAME
HOST_WITHIN = 1024
"""Bytes of an HTTP request that are searched for its Host header."""

WIDTH = tables.WIDTH
SIDE = tables.SIDE
SIDE_A = tables.SIDES
SIDE_B = tables.SIDES + tables.SIDE
RING = tables.RING
LAST_IN_RING = tables.RING - 1

M64 = 0xFFFFFFFFFFFFFFFF
"""Keeps uncompiled arithmetic within 64 bits, as the compiled one is."""
MIX_A = 0x9E3779B97F4A7C15
MIX_B = 0xBF58476D1CE4E5B9
"""Odd multipliers that spread bits (SplitMix64)."""
FNV_START = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3
"""FNV-1a, 64 bits."""
HALF = 0x80000000
WHOLE = 0x100000000
M32 = 0xFFFFFFFF
"""Sequence numbers have 32 bits."""

SECOND = 1_000_000_000
FINISHED_KEEP = 120_000_000_000
"""A finished connection is forgotten after two minutes: twice Linux's TIME_WAIT (include/net/tcp.h,
TCP_TIMEWAIT_LEN), so that late segments and a reuse of the ports still find it."""
STILL_ALIVE = 10_000_000_000
"""Segments this long after the end mean that the connection goes on."""
COPY_WITHIN = 50_000_000
"""Two captures of one packet lie at most this far apart (a router in between, a busy mirror)."""
COPY_AT_ONCE = 50_000
"""No stack repeats a SYN or data after 50 microseconds; its shortest timer is a thousand times that."""
REPEATED = 1
PROBE = 2
"""What a segment of data can be beside new: sent again, or a probe of a keep-alive or zero window."""
FAR = 0x40000000
"""Largest window there can be (RFC 7323 section 2.3): numbers further away belong to something else."""
PADDING = 8
"""Rows at the end of the columns of resets and of the log that are never used: they keep the columns from falling on
the same lines of the processor's cache."""
AHEAD = 8
"""A segment's connection is fetched from memory so many segments before its turn, its bucket twice as many, its
sender's ring half as many: one segment alone would wait for all three, one after the other."""
NEAR = 31
"""Last of the places where their buckets are noted meanwhile."""

# What a function of the decoder gives that finds no segment: -1 - Skip.
NO_LINK = -1 - Skip.LINK
NOT_IP = -1 - Skip.NOT_IP
NOT_TCP = -1 - Skip.NOT_TCP
LATER_FRAGMENT = -1 - Skip.FRAGMENT
ENDS_EARLY = -1 - Skip.CUT
MALFORMED = -1 - Skip.MALFORMED
FILTERED = -1 - Skip.FILTER
DEEP = -1 - Skip.DEEP

# Steps of the decoder. Above 0x5FF they are Ethertypes (IEEE 802), below they are ours.
IPV4 = 0x0800
IPV6 = 0x86DD
ETHERNET = 1
RAW = 2
"""IPv4 or IPv6, told by its first four bits."""
PPP = 3
LLC = 4
WLAN = 5
"""IEEE 802.11 frame."""
TCP = 6

FULL = 4 * (MAX_TUNNELS - 1)
"""A tunnel chain whose bits from this one on are not 0 takes no further one."""
MAPPED = 0xFFFF << 32
"""IPv4 addresses are mapped to IPv6 (RFC 4291 section 2.5.5.2)."""
SIGN = 1 << 31
LONGEST_WIRE = 1 << 24
"""A record that says more bytes than this were on the wire is not believed."""
LONGEST_FRAME = 1526
"""1500 bytes of IP under Ethernet, SLL or SLL2 and at most two VLAN tags."""

NUMBERS = {name: number for name, number in globals().items() if name.isupper() and isinstance(number, int)}
CELLS: dict[str, type[IntEnum | IntFlag]] = {
    "P": Rec, "S": Seg, "C": Conn, "D": Dir, "R": Ring, "X": Rst, "L": Log, "G": Glob,
    "F": Flag, "IP": IpFlag, "HAS": Opt, "Q": Quality, "IN": Tunnel, "K": Kind,
}  # fmt: skip
NUMBERS |= {f"{first}_{name}": int(cell) for first, cells in CELLS.items() for name, cell in cells.__members__.items()}
EDITION = crc32(repr(NUMBERS).encode())
"""Differs when a number does: compiled loops must be built for the numbers that all others use."""

NUMBERS["BUILT_FOR"] = EDITION
globals().update(NUMBERS)  # for the loop uncompiled, which takes all of them
__all__ = list(NUMBERS)


def as_pxd() -> str:
    """The numbers as constants that Cython's declarations name."""
    values = [f"    #define whyrst_{name} {number}{'U' * (number >> 63)}LL" for name, number in NUMBERS.items()]
    names = [
        f'    const {"unsigned " * (number >> 63)}long long {name} "whyrst_{name}"' for name, number in NUMBERS.items()
    ]
    return "\n".join(("cdef extern from * nogil:", '    """', *values, '    """', *names, ""))
