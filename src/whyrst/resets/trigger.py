"""The segment that a reset answers: the peer's most recent one that fits its numbers.

RFC 9293 section 3.5.2: <SEQ=SEG.ACK><RST> for a segment with ACK, <SEQ=0><ACK=SEG.SEQ+SEG.LEN><RST,ACK> for
one without. An active reset fits such a segment by chance (its SND.NXT is what the peer acknowledged last),
so that a segment fits is not yet proof that it was answered; `resets.mechanism` decides that.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Flag, Kind, Seg
from whyrst.fast.tables import RING, Conn, Dir, Rst
from whyrst.resets.facts import SECOND, Fact, ahead, one_of

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

LINK_MOST = 1460
"""Payload of one segment on Ethernet; a larger one in a capture stands for several (offload)."""
REMEMBERED = RING
"""Segments that the tracker remembers of each direction."""


class Trigger:
    """What the resets of a batch answer."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets
        self._what = resets.own(Rst.TRIGGER_WHAT)

    @cached_property
    def found(self) -> Mask:
        """A remembered segment of the peer fits."""
        return self._r.own(Rst.TRIGGER) != 0

    @cached_property
    def flags(self) -> Column:
        """Its TCP flags."""
        return self._what & 0x1FF

    @cached_property
    def frame(self) -> Column:
        """Its frame."""
        return (self._what >> 9) & 0x7FFFFFFF

    @cached_property
    def tos(self) -> Column:
        """Its TOS byte or traffic class."""
        return (self._what >> 40) & 0xFF

    @cached_property
    def kind(self) -> Column:
        """Its payload kind, `Kind`."""
        return (self._what >> 48) & 0x1F

    @cached_property
    def repeated(self) -> Mask:
        """It was a retransmission."""
        return self.found & (((self._what >> 53) & 1) == 1)

    @cached_property
    def probe(self) -> Mask:
        """It was a keep-alive probe."""
        return self.found & (((self._what >> 54) & 1) == 1)

    @cached_property
    def time(self) -> Column:
        """When it was seen."""
        return self._r.own(Rst.TRIGGER_TIME)

    @cached_property
    def delay(self) -> Column:
        """Nanoseconds from it to the reset, as seen here."""
        return np.where(self.found, self._r.seg(Seg.TIME) - self.time, 0)

    @cached_property
    def prompt(self) -> Fact:
        """The reset came as soon as a host answers: within three round trips and 200 ms for queues on the way, or a
        second where no round trip was measured.

        A host answers a segment at once; numbers that fit one of long ago are chance. Unknown when none fits.
        """
        rtt = self._r.habits.rtt
        return Fact.of(self.delay <= np.where(rtt > 0, 3 * rtt + SECOND // 5, SECOND), self.found)

    @cached_property
    def unasked(self) -> Mask:
        """It is bare, as only answers are (RFC 9293 section 3.5.2), but nothing asked for it.

        Either the peer had never acknowledged as much as its number says. Or the latest segment that fits had come long
        before: no answer takes three round trips and a quarter second. Or there are more resets of one number at once
        than segments that fit: a host answers each once. Nothing is said where segments may be missing or several may
        stand in one frame.
        """
        r = self._r
        heard = (r.sender(Dir.PACKETS) > 0) & (r.peer(Dir.PACKETS) > 0)
        whole = (r.conn(Conn.MISSING) == 0) & (r.peer(Dir.HOLES) == 0) & r.progress.synchronized & heard
        late = self.delay > 3 * r.habits.rtt + SECOND // 4
        lately = r.seg(Seg.TIME) - r.sender(Dir.RST_TIME) < SECOND
        before = np.where(lately & (r.sender(Dir.RST_SEQ) == r.seg(Seg.SEQ)), r.sender(Dir.RSTS), 0)
        soon = (r.own(Rst.RST_NEXT_TIME) > 0) & (r.own(Rst.RST_NEXT_TIME) - r.seg(Seg.TIME) < SECOND)
        alone = (r.own(Rst.PEER_AFTER) == 0) | (r.own(Rst.PEER_AFTER_TIME) > r.own(Rst.RST_NEXT_TIME))
        after = np.where(soon & alone & (r.own(Rst.RST_STEP) == 0), 1, 0)
        single = (r.peer(Dir.SEGMENT_MAX) <= LINK_MOST) & (r.own(Rst.FITTING) < REMEMBERED)
        surplus = single & (before + 1 + after > r.own(Rst.FITTING))
        acked = r.sender(Dir.ACKED)
        never = (acked >= 0) & (ahead(r.seg(Seg.SEQ), acked) > 0)
        return r.shape.bare & whole & np.where(self.found, late | surplus, never)

    @cached_property
    def gap(self) -> Column:
        """Silence of the whole connection before it, nanoseconds."""
        return self._r.own(Rst.TRIGGER_GAP)

    @cached_property
    def length(self) -> Column:
        """Its payload length."""
        return self._r.own(Rst.TRIGGER_SEQ) >> 32

    @cached_property
    def ack(self) -> Column:
        """Its acknowledgement number."""
        return self._r.own(Rst.TRIGGER_ACK) & 0xFFFFFFFF

    @cached_property
    def is_syn(self) -> Mask:
        """A SYN without ACK."""
        return self.found & ((self.flags & (Flag.SYN | Flag.ACK)) == Flag.SYN)

    @cached_property
    def is_syn_ack(self) -> Mask:
        """A SYN-ACK."""
        return self.found & ((self.flags & (Flag.SYN | Flag.ACK)) == (Flag.SYN | Flag.ACK))

    @cached_property
    def is_fin(self) -> Mask:
        """A FIN."""
        return self.found & ((self.flags & Flag.FIN) != 0)

    @cached_property
    def has_payload(self) -> Mask:
        """Carried payload (a keep-alive probe's byte apart)."""
        return self.found & (self.length > 0) & ~self.probe

    @cached_property
    def is_bare_ack(self) -> Mask:
        """Only an ACK: no payload, SYN or FIN, and no probe."""
        only = (self.flags & (Flag.SYN | Flag.FIN | Flag.RST | Flag.ACK)) == Flag.ACK
        return self.found & only & (self.length == 0) & ~self.probe

    def fact(self, condition: Mask) -> Fact:
        """A fact about it; unknown where no segment fits."""
        return Fact.of(condition, self.found)

    @cached_property
    def _before_last(self) -> Mask:
        """Of several segments that fit, an earlier one was answered: as many resets are still to come, for a host
        answers each of them. What came after the sender's FIN then began with the peer's latest payload."""
        r = self._r
        more = (r.own(Rst.FITTING) > r.sender(Dir.RSTS) + 1) & (r.progress.peer_unacked > 0)
        late = (r.peer(Dir.DATA_TIME) >= r.sender(Dir.FIN_TIME)) & r.progress.seq_after_fin
        # A FIN that crossed the sender's, and a payload before it that was not acknowledged either.
        crossed = self.is_fin & r.progress.seq_at_fin
        return self.found & ~self.has_payload & more & (late | crossed)

    @cached_property
    def stray_payload(self) -> Mask:
        """It carried payload for an end that had closed, or it followed such a segment at once."""
        return self.has_payload | self._before_last

    @cached_property
    def overlaps(self) -> Mask:
        """Its payload begins with bytes that the sender of the reset had acknowledged before: a late copy, or the
        genuine bytes behind forged ones."""
        start, taken = self._r.own(Rst.TRIGGER_SEQ) & 0xFFFFFFFF, self._r.sender(Dir.ACK_SENT)
        return self.has_payload & (taken >= 0) & (ahead(start, taken) < 0)

    @cached_property
    def stray_length(self) -> Column:
        """Payload bytes of that segment."""
        return np.where(self.has_payload, self.length, self._r.progress.peer_unacked)

    @cached_property
    def stray_notify(self) -> Mask:
        """That payload is one TLS alert that says goodbye (close_notify), or an encrypted one, which mostly does.

        In clear or under TLS 1.2 its record says that it is an alert (31 bytes at most). Under TLS 1.3 it looks like
        data, but has the length of an alert: header 5, alert 2, content type 1, tag 16 (RFC 8446 sections 5.2, 6.1).
        """
        alert = self._r.peer(Dir.ALERT)
        kind = np.where(self.has_payload, self.kind, self._r.peer(Dir.LAST_KIND))
        other = (alert >= 0) & ((alert & 0xFF) != 0)
        told = (kind == Kind.TLS_ALERT) & (self.stray_length <= 5 + 2 + 24) & ~other
        sealed = (kind == Kind.TLS_DATA) & (self.stray_length == 5 + 2 + 1 + 16)
        return self.stray_payload & (told | sealed)

    @cached_property
    def notify_perhaps(self) -> Mask:
        """That payload is not at hand, but has the length of a sealed TLS alert: 24 bytes in TLS 1.3, 31 in TLS 1.2
        with AES-GCM (RFC 5246 section 6.2.3.3, RFC 5288 section 3)."""
        lengths = (5 + 2 + 1 + 16, 5 + 8 + 2 + 16)
        hidden = np.where(self.has_payload, self.kind, self._r.peer(Dir.LAST_KIND)) == Kind.HIDDEN
        return self.stray_payload & hidden & one_of(self.stray_length, lengths)

    @cached_property
    def first_ack_of_fin(self) -> Fact:
        """It is the segment that first acknowledged the sender's FIN; unknown without a FIN."""
        first = self.acks_fin.yes & (self._r.sender(Dir.ACKED_TIME) == self.time)
        return Fact(np.where(self.acks_fin.yes, np.where(first, np.int8(1), np.int8(-1)), self.acks_fin.values))

    @cached_property
    def fits_exactly(self) -> Mask:
        """The reset's numbers are what RFC 9293 section 3.5.2 asks as answer to this segment.

        Other stacks (Windows, appliances) put ACK into every reset; then both numbers must fit.
        """
        bits = self._r.own(Rst.TRIGGER)
        with_ack = (self.flags & Flag.ACK) != 0
        to_ack = with_ack & self._r.shape.bare & ((bits & 1) != 0)
        to_plain = ~with_ack & self._r.shape.has_ack & ((bits & 2) != 0)
        both_fit = with_ack & self._r.shape.has_ack & (bits == 3)  # noqa: PLR2004 - both bits of Answer
        return self.found & (to_ack | to_plain | both_fit)

    @cached_property
    def acks_fin(self) -> Fact:
        """It acknowledged the sender's FIN, so its own sender had seen the close; unknown without a FIN."""
        fin = self._r.sender(Dir.FIN_SEQ)
        return Fact.of(self.ack == ((fin + 1) & 0xFFFFFFFF), self.found & (fin >= 0) & ((self.flags & Flag.ACK) != 0))

    @cached_property
    def after_fin(self) -> Column:
        """Nanoseconds from the sender's FIN to it; 0 when there was no FIN before."""
        fin = self._r.sender(Dir.FIN_TIME)
        return np.where(self.found & (fin > 0), self.time - fin, 0)
