"""Finds numbers among others, by open addressing: sorting a few hundred thousand of them takes ten times as long.

The places of a table have the first position of each number, -1 where they are free; at least half of them are. Which
place is a number's depends on `salt`, which nobody who writes captures knows, or he could make all of them one.

Uncompiled, the arrays must be memoryviews, whose cells are plain integers.
"""

# mypy: disable-error-code="valid-type, name-defined, untyped-decorator, no-any-return"
# (a memoryview type such as `cython.longlong[:, ::1]` is no type expression to mypy)
from __future__ import annotations

import cython

M64 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
"""Keeps uncompiled arithmetic within 64 bits, as the compiled one is."""


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(-2)
def place(
    value: cython.longlong, values: cython.longlong[::1], table: cython.longlong[::1], salt: cython.ulonglong
) -> cython.Py_ssize_t:
    """The place that holds a number's position, or the free one where it belongs."""
    mask: cython.Py_ssize_t = table.shape[0] - 1
    bits: cython.ulonglong = value & M64
    bits = (bits * salt) & M64
    bits = bits ^ (bits >> 32)
    at: cython.Py_ssize_t = bits & mask
    while table[at] >= 0 and values[table[at]] != value:
        at = (at + 1) & mask
    return at


def enter(values: cython.longlong[::1], table: cython.longlong[::1], salt: cython.ulonglong) -> None:
    """Fill a table.

    Args:
        values: What is looked for later.
        table: All -1; a power of two of places, at least twice as many as there are values.
        salt: An odd number of 64 bits.
    """
    i: cython.Py_ssize_t
    at: cython.Py_ssize_t
    with cython.nogil:
        for i in range(values.shape[0]):
            at = place(values[i], values, table, salt)
            if table[at] < 0:
                table[at] = i


def find(
    wanted: cython.longlong[::1],
    values: cython.longlong[::1],
    table: cython.longlong[::1],
    salt: cython.ulonglong,
    found: cython.longlong[::1],
) -> None:
    """Look for numbers.

    Args:
        wanted: What is looked for.
        values: Where, as they were entered.
        table: Likewise.
        salt: Likewise.
        found: Takes the first position of each among the values, -1 when it is not there.
    """
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(wanted.shape[0]):
            found[i] = table[place(wanted[i], values, table, salt)]


def match(
    one: cython.longlong[::1],
    two: cython.longlong[::1],
    table: cython.longlong[::1],
    salt: cython.ulonglong,
    found: cython.longlong[::1],
) -> None:
    """Pair the numbers that stand exactly once in each of two arrays.

    Args:
        one: The one array.
        two: The other one.
        table: As for `enter`, for the values of `one`.
        salt: Likewise.
        found: All -1; takes for each number of `one` its position in `two`, less than 0 when it has no partner.
    """
    i: cython.Py_ssize_t
    at: cython.Py_ssize_t
    first: cython.longlong
    with cython.nogil:
        for i in range(one.shape[0]):
            at = place(one[i], one, table, salt)
            if table[at] < 0:
                table[at] = i
            else:
                found[table[at]] = -2  # It stands there twice.
        for i in range(two.shape[0]):
            first = table[place(two[i], one, table, salt)]
            if first >= 0:
                found[first] = i if found[first] == -1 else -2
