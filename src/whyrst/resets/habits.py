"""Does the reset look like its sender's other packets, and which operating system sent those?

Each sign is three-valued: without other packets of the sender there is no habit to break. A TTL that differs is
weak alone (front-end machines of one address, SYN proxies); a forger is told by two signs or more, after
Weaver, Sommer and Paxson (NDSS 2009) and Sundara Raman et al. (SIGCOMM 2023).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Opt, Seg
from whyrst.fast.tables import Conn, Dir
from whyrst.resets.facts import MS, SECOND, Fact, ahead

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

ID_STEP = 64
"""An ID this little above the one before continues its count (super-segments take several)."""
ID_PER_SECOND = 4096
"""Systems with one count for all destinations go on counting meanwhile."""


def initial_ttl(ttl: Column) -> Column:
    """The TTL that a packet started with: the next of 32, 64, 128, 255; -1 stays -1."""
    start = np.where(ttl <= 32, 32, np.where(ttl <= 64, 64, np.where(ttl <= 128, 128, 255)))  # noqa: PLR2004
    return np.where(ttl < 0, -1, start)


class Habits:
    """The senders of a batch of resets."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    @cached_property
    def spoke(self) -> Mask:
        """The sender had sent other segments in this connection."""
        return self._r.sender(Dir.PACKETS) > 0

    @cached_property
    def ttl_start(self) -> Column:
        """Initial TTL of the sender's other segments, else of the reset."""
        ttl = self._r.sender(Dir.TTL)
        return initial_ttl(np.where(ttl >= 0, ttl, self._r.seg(Seg.TTL)))

    @cached_property
    def windows(self) -> Fact:
        """The sender runs Windows: initial TTL 128 (no other common system starts there)."""
        return Fact.of(self.ttl_start == 128)  # noqa: PLR2004 - Windows' default TTL

    @cached_property
    def linux(self) -> Fact:
        """The sender behaves as Linux: initial TTL 64 and, as a server, IPv4 ID 0 in its SYN-ACK, or, as a
        client, a SYN with all four options; and a window that is not the 65535 of BSD and macOS.

        net/ipv4/ip_output.c ip_build_and_send_pkt; unknown without its SYN, for a server with that window, which a
        tuned Linux may have, too, and where options are missing that a Linux may have been told, or asked, to leave
        out: a client without timestamps, an IPv6 server that gave all it was offered.
        """
        ttl = self.ttl_start == 64  # noqa: PLR2004 - Linux' default TTL
        options, window = self._r.sender(Dir.SYN_OPTIONS), self._r.sender(Dir.SYN_WINDOW)
        full = Opt.MSS | Opt.WSCALE | Opt.SACK_OK | Opt.TIMESTAMPS
        bsd = window == 65535  # noqa: PLR2004 - BSD's and macOS' SYN window
        rich = (options & full) == full
        server = self._r.by_server & ((self._r.sender(Dir.SYN_ID) == 0) | (self._r.shape.v6 & rich))
        client = self._r.by_client & rich
        plain = self._r.by_client & ((options & Opt.SACK_OK) != 0)
        given = self._r.by_server & self._r.shape.v6 & ((self._r.peer(Dir.SYN_OPTIONS) & full & ~options) == 0)
        open_ = (plain | given) & ~rich
        fact = Fact.of(ttl & (server | client) & ~bsd, (options >= 0) & ~(server & bsd) & ~open_)
        return Fact(np.where(~ttl, np.int8(-1), fact.values))

    @cached_property
    def ttl_same(self) -> Fact:
        """The TTL is one that the sender's other segments had."""
        ttl = self._r.seg(Seg.TTL)
        low, high = self._r.sender(Dir.TTL_MIN), self._r.sender(Dir.TTL_MAX)
        return Fact.of((ttl >= low) & (ttl <= high), low >= 0)

    @cached_property
    def id_counts(self) -> Mask:
        """The sender counts its IPv4 IDs up (with few exceptions)."""
        steps, jumps = self._r.sender(Dir.ID_STEPS), self._r.sender(Dir.ID_JUMPS)
        return (steps >= 1) & (steps >= 3 * jumps)

    @cached_property
    def id_continues(self) -> Fact:
        """The IPv4 ID goes on from the sender's last one; 0 is told apart (`shape.id_zero`)."""
        now, last = self._r.seg(Seg.IP_ID), self._r.sender(Dir.ID)
        passed = np.maximum(self._r.seg(Seg.TIME) - self._r.sender(Dir.LAST_TIME), 0) / SECOND
        step = (now - last) & 0xFFFF
        fits = (step >= 1) & (step <= np.minimum(ID_STEP + passed * ID_PER_SECOND, 0x7FFF))
        return Fact.of(fits, self.id_counts & (last > 0) & (now > 0))

    @cached_property
    def id_breaks(self) -> Fact:
        """The IPv4 ID breaks the sender's habit: its count, or always 0."""
        always_zero = (self._r.sender(Dir.ID_ZERO) == self._r.sender(Dir.PACKETS)) & (self._r.sender(Dir.PACKETS) > 2)  # noqa: PLR2004
        now = self._r.seg(Seg.IP_ID)
        out_of_zero = Fact.of(now > 0, always_zero & (now >= 0))
        return Fact(np.where(always_zero, out_of_zero.values, (~self.id_continues).values))

    @cached_property
    def uses_timestamps(self) -> Mask:
        """All other segments of the sender carried the timestamps option."""
        return (self._r.sender(Dir.TS_WITH) > 0) & (self._r.sender(Dir.TS_WITHOUT) == 0)

    @cached_property
    def timestamps_missing(self) -> Fact:
        """An RST,ACK without timestamps although the sender's segments carry them.

        Linux puts them into every reset that a socket sends (tcp_send_active_reset); unknown for Windows.
        """
        meant = self.uses_timestamps & self._r.shape.has_ack & self._r.progress.synchronized & ~self.windows.yes
        return Fact.of(~self._r.shape.has_timestamps, meant)

    @cached_property
    def timestamps_break(self) -> Fact:
        """The reset's timestamp does not continue the sender's clock (which ticks 10 to 1000 times a second, or
        a million times with Linux' microsecond option)."""
        has = (self._r.seg(Seg.TSVAL) >= 0) & (self._r.sender(Dir.TS_LAST) >= 0)
        step = ahead(self._r.seg(Seg.TSVAL), self._r.sender(Dir.TS_LAST))
        passed = np.maximum(self._r.seg(Seg.TIME) - self._r.sender(Dir.TS_TIME), 0) / MS
        return Fact.of((step < -1) | (step > (passed + 2_000) * 1_100), has)

    @cached_property
    def link_same(self) -> Fact:
        """The source MAC address is that of the sender's last segment."""
        now, last = self._r.seg(Seg.LINK_SRC), self._r.sender(Dir.LINK)
        return Fact.of(now == last, (now > 0) & (last > 0) & self.spoke)

    @cached_property
    def tos_mirrored(self) -> Fact:
        """TOS as in the answered segment, as Linux' own answer has it (tcp_v4_send_reset); a netfilter REJECT
        sends 0. Unknown when the segment's TOS was 0 (its ECN bits apart)."""
        tos = self._r.trigger.tos & 0xFC
        return Fact.of((self._r.seg(Seg.TOS) & 0xFC) == tos, self._r.trigger.found & (tos != 0))

    @cached_property
    def flow_label_zero(self) -> Fact:
        """IPv6 flow label 0 although the sender's other segments, here or in another connection, have one: so a
        netfilter REJECT sends it."""
        known = self._r.shape.v6 & (
            (self._r.sender(Dir.FLOW) > 0) | (~self.spoke & self._r.neighbours.labels_elsewhere)
        )
        return Fact.of(self._r.seg(Seg.FLOW) == 0, known)

    @cached_property
    def rtt(self) -> Column:
        """Time from the point of capture to the sender and back, nanoseconds; 0 when it was never measured."""
        syn, syn_ack, ack = (self._r.conn(c) for c in (Conn.T_SYN, Conn.T_SYNACK, Conn.T_ACK))
        to_server = np.where((syn > 0) & (syn_ack > 0), syn_ack - self._r.client(Dir.SYN_LAST), 0)
        to_client = np.where((syn_ack > 0) & (ack > 0), ack - syn_ack, 0)
        handshake = np.maximum(np.where(self._r.by_client, to_client, to_server), 0)
        data = self._r.peer(Dir.RTT)
        both = np.minimum(np.where(handshake > 0, handshake, data), np.where(data > 0, data, handshake))
        return np.maximum(both, 0)

    @cached_property
    def round_trip(self) -> Column:
        """Time between the ends and back, nanoseconds; 0 when it was never measured."""
        syn, ack = self._r.client(Dir.SYN_LAST), self._r.conn(Conn.T_ACK)
        handshake = np.where((syn > 0) & (ack > 0) & (self._r.conn(Conn.T_SYNACK) > 0), np.maximum(ack - syn, 0), 0)
        return np.where(handshake > 0, handshake, self._r.sender(Dir.RTT) + self._r.peer(Dir.RTT))

    @cached_property
    def too_fast(self) -> Fact:
        """It answered faster than a third of the shortest round trip ever seen to its sender."""
        known = (self.rtt > 2 * MS) & self._r.trigger.found & (self._r.own_delay >= 0)
        return Fact.of(self._r.own_delay * 3 < self.rtt, known)

    @cached_property
    def seq_old(self) -> Fact:
        """An RST,ACK whose number its sender had already used for data: a socket resets at its next number
        (RFC 9293 section 3.10.5; DATA_SEQ_RST of Weaver et al.)."""
        behind = ahead(self._r.seg(Seg.SEQ), self._r.sender(Dir.NXT))
        known = self._r.shape.has_ack & (self._r.sender(Dir.NXT) >= 0) & self._r.progress.synchronized
        shrunk = self._r.peer(Dir.ZERO_SINCE) > 0
        return Fact.of(behind < 0, known & ~shrunk)

    @cached_property
    def seq_beyond(self) -> Fact:
        """Its number lies beyond all that its sender was seen to send (or capture loss hides that).

        Unknown where the reset itself tells of loss: it acknowledges bytes that were not captured, or is bare and one
        number ahead, as the answer to a segment that had acknowledged a FIN.
        """
        beyond = ahead(self._r.seg(Seg.SEQ), self._r.sender(Dir.NXT))
        known = (self._r.sender(Dir.NXT) >= 0) & ~self._r.shape.seq_zero & self._r.progress.synchronized
        lost = self._r.progress.acks_unseen | (self._r.shape.bare & (beyond == 1))
        return Fact.of(beyond > 0, known & ~lost)

    @cached_property
    def signs(self) -> Column:
        """How many of the sender's habits it breaks: TTL, IP ID, timestamps, MAC address, number, time to answer."""
        active = self._r.shape.has_ack
        count = (
            self.ttl_same.no.astype(np.int64)
            + (self.id_breaks.yes & ~self._r.shape.id_zero.yes)
            + (self.timestamps_missing.yes | self.timestamps_break.yes)
            + self.link_same.no
            + (self.seq_old.yes & active)
            + (self.seq_beyond.yes & (self._r.conn(Conn.MISSING) == 0) & (self._r.sender(Dir.HOLES) == 0))
        )
        return count.astype(np.int64)
