"""Capture filters: libpcap compiles the expression, `whyrst.fast.bpf` runs the program.

The expression means other bytes on other link layers, so it is compiled once for each link type that turns up. A link
type on which libpcap cannot express it (`ether host` on raw IP) keeps none of its packets, and `Filter.refused` says
why; an expression that no link layer understands is an error at once.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache
from typing import Any

import numpy as np

from whyrst.capture.errors import FilterError
from whyrst.fast.layout import Rec
from whyrst.fast.select import bpf

MEMORY_WORDS = 16
"""BPF_MEMWORDS of <pcap/bpf.h>."""

_SNAPLEN = 262144
_NETMASK_UNKNOWN = 0xFFFFFFFF
_ERROR_SIZE = 256

_DLT = {100: 11, 101: 12, 102: 15, 103: 16, 106: 19}
"""LINKTYPE_ numbers of files whose DLT_ number on Linux differs (libpcap's pcap-common.c)."""

_PROBED = (1, 113, 276, 101, 0, 239, 105, 127)
"""Link types tried when a filter is made: Ethernet, SLL, SLL2, raw IP, NULL, NFLOG, 802.11 bare and with radiotap."""

_ARITHMETIC = {0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x94, 0xA4}
_DIVISIONS = {0x34, 0x94}
_MEMORY = {0x02, 0x03, 0x60, 0x61}
_BRANCHES = {0x15, 0x25, 0x35, 0x45, 0x1D, 0x2D, 0x3D, 0x4D}
_JUMP = 0x05
_RETURNS = {0x06, 0x16}
_ABSOLUTE = {0x20, 0x28, 0x30}
_ANCILLARY = 0xFFFFF000
"""SKF_AD_OFF of <linux/filter.h>: loads from here on ask the kernel, on whose answers a saved capture is silent."""
_PLAIN = {0x00, 0x01, 0x07, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x80, 0x81, 0x84, 0x87, 0xB1}
_CODES = _ARITHMETIC | {code | 0x08 for code in _ARITHMETIC} | _MEMORY | _BRANCHES | {_JUMP} | _RETURNS | _PLAIN


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.POINTER(_Instruction)))


@cache
def libpcap() -> ctypes.CDLL:
    """Load the system's libpcap.

    Raises:
        FilterError: There is none.
    """
    for name in ("libpcap.so.1", "libpcap.so.0.8", ctypes.util.find_library("pcap")):
        if name is None:
            continue
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.pcap_open_dead.restype = ctypes.c_void_p
        library.pcap_open_dead.argtypes = (ctypes.c_int, ctypes.c_int)
        library.pcap_compile.argtypes = (
            ctypes.c_void_p,
            ctypes.POINTER(_Program),
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_uint32,
        )
        library.pcap_geterr.restype = ctypes.c_char_p
        library.pcap_geterr.argtypes = (ctypes.c_void_p,)
        library.pcap_freecode.argtypes = (ctypes.POINTER(_Program),)
        library.pcap_freecode.restype = None
        library.pcap_close.argtypes = (ctypes.c_void_p,)
        library.pcap_close.restype = None
        return library
    raise FilterError("filters are compiled by libpcap, which is not installed (Debian package libpcap0.8)")


def compiled(expression: str, link: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Compile an expression for one link type.

    Args:
        expression: As pcap-filter(7) describes it.
        link: LINKTYPE_ number, as it stands in a capture file.

    Returns:
        The program, rows of (code, jt, jf, k).

    Raises:
        FilterError: libpcap is missing or cannot compile the expression for this link type.
    """
    text = expression.encode("utf-8", "surrogateescape")
    if b"\0" in text:
        raise FilterError("the filter contains a zero byte")
    library = libpcap()
    handle = library.pcap_open_dead(_DLT.get(link, link), _SNAPLEN)
    if not handle:
        raise FilterError(f"libpcap has no memory to compile the filter for link type {link}")
    program = _Program()
    try:
        if library.pcap_compile(handle, ctypes.byref(program), text, 1, _NETMASK_UNKNOWN) != 0:
            raise FilterError(library.pcap_geterr(handle).decode("utf-8", "replace").strip())
        try:
            found = program.instructions[: program.length]
            rows = [(one.code, one.jt, one.jf, one.k) for one in found]
        finally:
            library.pcap_freecode(ctypes.byref(program))
    finally:
        library.pcap_close(handle)
    return validated(np.array(rows, dtype=np.int64).reshape(-1, 4))


def validated(program: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Let a program through whose every step is defined: known codes, jumps and memory words that exist, a last return.

    Raises:
        FilterError: With the number of the instruction that is wrong.
    """
    size = len(program)
    if not size or int(program[-1, 0]) not in _RETURNS:
        raise FilterError("the filter program does not end in a return")
    for at, (code, jt, jf, k) in enumerate(program.tolist()):
        target = k - (1 << 32) if k >= 1 << 31 else k
        if code not in _CODES or not (0 <= jt < 256 and 0 <= jf < 256 and 0 <= k < 1 << 32):  # noqa: PLR2004 (field widths)
            raise FilterError(f"instruction {at} of the filter program is unknown")
        if code in _ABSOLUTE and k >= _ANCILLARY:
            raise FilterError("the filter asks for what this link layer does not record (such as the direction)")
        if code in _MEMORY and k >= MEMORY_WORDS:
            raise FilterError(f"instruction {at} of the filter program uses memory word {k} of {MEMORY_WORDS}")
        if code in _DIVISIONS and k == 0:
            raise FilterError(f"instruction {at} of the filter program divides by zero")
        if (code in _BRANCHES and at + 1 + max(jt, jf) >= size) or (code == _JUMP and not 0 <= at + 1 + target < size):
            raise FilterError(f"instruction {at} of the filter program jumps out of it")
    return program


class Filter:
    """A capture filter, ready for packets of any link type.

    Attributes:
        expression: As given.
        refused: Link types met on which libpcap cannot express the filter, and why; their packets are left out.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.refused: dict[int, str] = {}
        self._programs: dict[int, np.ndarray[Any, np.dtype[np.int64]]] = {}
        self._memory = np.zeros(MEMORY_WORDS, np.int64)
        self._understood()

    def _understood(self) -> None:
        """Raise Ethernet's complaint unless some link layer takes the expression."""
        complaint: FilterError | None = None
        for link in _PROBED:
            try:
                self._programs[link] = compiled(self.expression, link)
            except FilterError as error:
                complaint = complaint or error
            else:
                return
        assert complaint is not None
        raise complaint

    def select(self, buffer: Any, records: np.ndarray[Any, np.dtype[np.int64]], n: int) -> int:
        """Set `Rec.KEEP` of the first `n` records to 1 where the filter says yes, to 0 where it says no.

        Args:
            buffer: Bytes that the records point into.
            records: Rows of `Rec` cells.
            n: How many of the rows are filled.

        Returns:
            How many records were kept.
        """
        if n <= 0:
            return 0
        links = records[:n, Rec.LINK]
        first = int(links[0])
        kinds = [first] if bool((links == first).all()) else [int(link) for link in np.unique(links)]
        kept = 0
        for link in kinds:
            program = self._program(link)
            if program is None:
                records[:n, Rec.KEEP][links == link] = 0
            else:
                kept += bpf.select(program.data, self._memory.data, memoryview(buffer), records.data, link, n)
        return kept

    def _program(self, link: int) -> np.ndarray[Any, np.dtype[np.int64]] | None:
        """Give the program for a link type, or `None` when libpcap refused."""
        if link not in self._programs and link not in self.refused:
            try:
                self._programs[link] = compiled(self.expression, link)
            except FilterError as error:
                self.refused[link] = str(error)
        return self._programs.get(link)
