# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Copies of what is needed of payloads, for when their buffer is filled anew."""

from __future__ import annotations

import cython  # noqa: TC002 - the annotations are types of C

from whyrst.fast.constants import *


def detach(
    buffer: cython.const[cython.uchar][::1],
    rows: cython.longlong[:, ::1],
    n: cython.Py_ssize_t,
    room: cython.uchar[::1],
    used: cython.Py_ssize_t,
    keep: cython.Py_ssize_t,
) -> int:
    """Copy names, and payloads of resets, out of a buffer that will be filled anew; the rows point to the copies.

    Args:
        buffer: The bytes that the rows point into.
        rows: Segments.
        n: How many rows.
        room: Takes the copies; `keep` + `layout.LONGEST_NAME` bytes a row are enough.
        used: How many bytes of it are taken already.
        keep: Bytes of a reset's payload that are copied at most.

    Returns:
        How many bytes of the room are taken now.
    """
    flat: cython.longlong[::1] = memoryview(rows).cast("B").cast("q")
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    base: cython.Py_ssize_t
    at: cython.Py_ssize_t
    size: cython.Py_ssize_t
    for i in range(n):
        base = i * S_COUNT
        size = flat[base + S_NAME_LENGTH]
        if size > 0:
            at = flat[base + S_NAME_AT]
            flat[base + S_NAME_AT] = used
            for j in range(size):
                room[used + j] = buffer[at + j]
            used += size
        if flat[base + S_FLAGS] & F_RST:
            size = min(flat[base + S_PAYLOAD_HAVE], keep)
            at = flat[base + S_PAYLOAD_AT]
            flat[base + S_PAYLOAD_AT] = used
            for j in range(size):
                room[used + j] = buffer[at + j]
            used += max(size, 0)
    return used
