"""Three-valued facts as columns.

A fact holds (yes), does not hold (no), or the capture cannot tell (unknown). They combine by Kleene's rules:
`a & b` is no as soon as one is no, and yes only if both are; `a | b` the other way round; `~unknown` stays
unknown. With yes = 1, unknown = 0 and no = -1 these are minimum, maximum and negation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable

Column: TypeAlias = npt.NDArray[np.int64]
"""One number per reset."""
Mask: TypeAlias = npt.NDArray[np.bool_]
"""Plain truth per reset."""


class Fact:
    """One three-valued fact per reset.

    Attributes:
        values: int8, 1 yes, 0 unknown, -1 no.
    """

    __slots__ = ("values",)
    __array_ufunc__ = None
    """So that `mask & fact` comes to this class and not to numpy, which would take the fact for one object."""

    def __init__(self, values: npt.NDArray[np.int8]) -> None:
        self.values = values

    @classmethod
    def of(cls, condition: Mask, known: Mask | None = None) -> Fact:
        """A fact that holds where the condition does; unknown where `known` is false."""
        values = np.where(condition, np.int8(1), np.int8(-1))
        if known is not None:
            values = np.where(known, values, np.int8(0))
        return cls(values)

    @classmethod
    def unknown(cls, n: int) -> Fact:
        """A fact that nothing tells."""
        return cls(np.zeros(n, dtype=np.int8))

    @property
    def yes(self) -> Mask:
        """Where it holds for sure."""
        return self.values > 0

    @property
    def no(self) -> Mask:
        """Where it is certain not to hold."""
        return self.values < 0

    @property
    def known(self) -> Mask:
        """Where it is not unknown."""
        return self.values != 0

    def __and__(self, other: Fact | Mask) -> Fact:
        return Fact(np.minimum(self.values, _values(other)))

    def __or__(self, other: Fact | Mask) -> Fact:
        return Fact(np.maximum(self.values, _values(other)))

    __rand__ = __and__
    __ror__ = __or__

    def __invert__(self) -> Fact:
        return Fact(-self.values)

    def where(self, known: Mask) -> Fact:
        """The same fact, unknown outside `known`."""
        return Fact(np.where(known, self.values, np.int8(0)))


def _values(thing: Fact | Mask) -> npt.NDArray[np.int8]:
    if isinstance(thing, Fact):
        return thing.values
    return np.where(thing, np.int8(1), np.int8(-1))


def as_fact(thing: Fact | Mask) -> Fact:
    """A fact; a plain mask is known everywhere."""
    return thing if isinstance(thing, Fact) else Fact(_values(thing))


def both(things: Iterable[Fact]) -> Fact:
    """All of them."""
    return Fact(np.minimum.reduce([t.values for t in things]))


def ahead(a: Column, b: Column) -> Column:
    """Signed distance from sequence number b to a (RFC 9293 section 3.4)."""
    d = (a - b) & 0xFFFFFFFF
    return np.where(d >= 1 << 31, d - (1 << 32), d)


def distinct(values: Column) -> Column:
    """The values that occur, sorted: `numpy.unique` without its import of numpy.ma, which costs 30 ms."""
    ordered = np.sort(values)
    fresh = np.ones(len(ordered), dtype=bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return ordered[fresh]


def one_of(values: Column, among: Iterable[int] | Column) -> Mask:
    """Whether each value is among others: `numpy.isin` without its imports."""
    ordered = np.sort(among if isinstance(among, np.ndarray) else np.fromiter(among, dtype=np.int64))
    if len(ordered) == 0:
        return np.zeros(len(values), dtype=bool)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: Mask = ordered[at] == values
    return found


MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
