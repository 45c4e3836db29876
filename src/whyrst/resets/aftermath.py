"""What followed a reset: did its sender go on, did the connection survive, did more resets come?"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Dir, Glob, Rst
from whyrst.resets.facts import MS, SECOND, Fact, ahead

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

BURST = 2 * SECOND
"""Resets of one injection come within this time; a second one much later has its own reason."""


class Aftermath:
    """What followed the resets of a batch."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    @cached_property
    def watched(self) -> Column:
        """Nanoseconds that the capture goes on after the reset."""
        return np.maximum(int(self._r.g[Glob.LAST_TIME]) - self._r.seg(Seg.TIME), 0)

    @cached_property
    def sender_goes_on(self) -> Fact:
        """The same address sent something new afterwards, as if it had not reset anything.

        RST_SEQ_DATA of Weaver et al. A segment that merely overtook the reset does not count: its IPv4 ID
        precedes the reset's, or it came within a millisecond of it. Unknown when the capture ends at once.
        """
        new = (self._r.own(Rst.SENDER_NEW) > 0) & ~self._reordered
        return Fact.of(new, new | (self.watched > SECOND) | (self._r.own(Rst.PEER_AFTER) > 0))

    @cached_property
    def _reordered(self) -> Mask:
        later, now = self._r.own(Rst.SENDER_AFTER_ID), self._r.seg(Seg.IP_ID)
        step = (now - later) & 0xFFFF
        overtaken = (later > 0) & (now > 0) & (step >= 1) & (step <= 64)  # noqa: PLR2004 - see habits.ID_STEP
        soon = self._r.own(Rst.SENDER_AFTER_TIME) - self._r.seg(Seg.TIME) < MS
        return overtaken & soon

    @cached_property
    def peer_goes_on(self) -> Fact:
        """The peer sent something new afterwards: it did not take the reset, or had sent it before."""
        return Fact.of(self._r.own(Rst.PEER_NEW) > 0, (self._r.own(Rst.PEER_AFTER) > 0) | (self.watched > SECOND))

    @cached_property
    def survived(self) -> Fact:
        """Both ends went on: the connection lived through the reset."""
        return self.sender_goes_on & self.peer_goes_on

    @cached_property
    def challenged(self) -> Fact:
        """The peer answered with an ACK that repeats its last one, as RFC 5961 section 3 asks for a reset in the
        window whose number is not exact."""
        when = self._r.own(Rst.CHALLENGED)
        return Fact.of(when > 0, (when > 0) | (self.watched > SECOND))

    @cached_property
    def of_sender(self) -> Column:
        """Resets of this connection that bear the sender's address, this one included."""
        return self._r.sender(Dir.RSTS) + self._r.own(Rst.RSTS_AFTER) + 1

    @cached_property
    def burst_before(self) -> Mask:
        """The same address sent another reset of this connection shortly before."""
        last = self._r.sender(Dir.RST_TIME)
        return (last > 0) & (self._r.seg(Seg.TIME) - last < BURST)

    @cached_property
    def burst_after(self) -> Mask:
        """The same address sent another reset of this connection shortly afterwards."""
        following = self._r.own(Rst.RST_NEXT_TIME)
        return (following > 0) & (following - self._r.seg(Seg.TIME) < BURST)

    @cached_property
    def step(self) -> Column:
        """Sequence distance to the neighbouring reset of the burst (after it, else before it); 0 when equal or none."""
        back = ahead(self._r.seg(Seg.SEQ), self._r.sender(Dir.RST_SEQ))
        return np.where(self.burst_after, self._r.own(Rst.RST_STEP), np.where(self.burst_before, back, 0))

    @cached_property
    def steps(self) -> Mask:
        """A burst whose sequence numbers move though no new data of the sender explains it: a guesser aims at where
        the window will be (RST_SEQ_CHANGE of Weaver et al.). A step of one is a FIN that the capture may have lost."""
        seq, nxt = self._r.seg(Seg.SEQ), self._r.sender(Dir.NXT)
        beyond = (nxt >= 0) & ((ahead(seq, nxt) > 0) | (ahead(seq + self.step, nxt) > 0))
        return (self.burst_before | self.burst_after) & (np.abs(self.step) > 1) & beyond & ~self._r.shape.seq_zero

    @cached_property
    def peer_reset_too(self) -> Fact:
        """The other end reset the connection, too, within a second before or after."""
        now = self._r.seg(Seg.TIME)
        later, earlier = self._r.own(Rst.PEER_RST_TIME), self._r.peer(Dir.RST_TIME)
        yes = ((later > 0) & (later - now < SECOND)) | ((earlier > 0) & (now - earlier < SECOND))
        return Fact.of(yes, yes | (self.watched > SECOND))

    @cached_property
    def syn_again(self) -> Fact:
        """A new SYN with these ports followed within five seconds."""
        when = self._r.own(Rst.SYN_AFTER)
        yes = (when > 0) & (when - self._r.seg(Seg.TIME) < 5 * SECOND)
        return Fact.of(yes, yes | (self.watched > 5 * SECOND))
