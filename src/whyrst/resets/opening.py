"""How a connection began, as far as it got: refusals, unfinished handshakes, answers of old connections.

A handshake is three segments whose numbers fit each other (RFC 9293 section 3.5). What does not fit, or is missing,
tells who did not take part: the far host, a device in between, or a program that had gone.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Flag, Opt, Seg
from whyrst.fast.tables import Conn, Dir
from whyrst.resets.facts import MS, Fact, one_of
from whyrst.resets.habits import initial_ttl

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

FINS = 3
"""Both sides' bits of `Conn.OLD_FINS`."""
WAS_RESET = 4
"""The bit of `Conn.OLD_FINS` for a connection that ended by a reset."""
SCAN_WINDOWS = (1024, 2048, 3072, 4096)
"""Windows of SYNs that scanners make by hand (nmap); no common stack starts with them."""
ZMAP_ID = 54321
"""IPv4 ID of ZMap's probes."""
SOON = 3000 * MS
"""A handshake's last step and the first request come within this time, a repeat or two included."""


def _behind(number: Column) -> Column:
    """The sequence number behind a SYN."""
    return (number + 1) & 0xFFFFFFFF


class Opening:
    """Beginnings of the connections of a batch of resets."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    @cached_property
    def refused(self) -> Fact:
        """The reset answers a SYN (a repeated one, too), and its sender had said nothing but resets.

        Unknown where neither side's packets were captured and the numbers are those of such an answer.
        """
        r = self._r
        silent = r.sender(Dir.PACKETS) == 0
        yes = r.trigger.is_syn & r.trigger.fits_exactly & silent
        lost = r.progress.peer_silent & silent & r.shape.has_ack & r.shape.seq_zero
        return Fact.of(yes, yes | ~lost)

    @cached_property
    def client_only_asked(self) -> Mask:
        """The client had sent nothing but its SYN."""
        asked = self._r.client(Dir.SYNS)
        return (asked > 0) & (self._r.client(Dir.PACKETS) == asked)

    @cached_property
    def server_only_answered(self) -> Mask:
        """The server had sent nothing but its SYN-ACK."""
        answers = self._r.server(Dir.SYNS)
        return (answers > 0) & (self._r.server(Dir.PACKETS) == answers)

    @cached_property
    def no_third_step(self) -> Mask:
        """The client reset in the place of the handshake's last step: it had sent only its SYN, and the number of
        the reset is the one behind it, which the SYN-ACK had acknowledged."""
        r = self._r
        fits = (r.client(Dir.ISN) >= 0) & (r.seg(Seg.SEQ) == _behind(r.client(Dir.ISN)))
        return r.by_client & self.client_only_asked & fits & (r.conn(Conn.T_SYNACK) > 0)

    @cached_property
    def nothing_sent(self) -> Mask:
        """The client reset a connection in which neither side had sent a byte, closed it, or lost a byte from the
        capture: its number is the one behind its SYN."""
        r = self._r
        fits = (r.client(Dir.ISN) >= 0) & (r.seg(Seg.SEQ) == _behind(r.client(Dir.ISN)))
        open_ = ~r.progress.sender_fin & ~r.progress.peer_fin & ~r.progress.sender_reset_before
        return r.by_client & fits & r.progress.no_payload & open_ & (r.conn(Conn.T_SYNACK) > 0)

    @cached_property
    def dropped_by_server(self) -> Mask:
        """The server had sent only its SYN-ACK, and then a bare reset with the number behind it: an answer to the
        handshake's last step or to the client's first data."""
        r = self._r
        fits = (r.server(Dir.ISN) >= 0) & (r.seg(Seg.SEQ) == _behind(r.server(Dir.ISN)))
        answers = r.trigger.found & ((r.trigger.flags & (Flag.SYN | Flag.ACK)) == Flag.ACK)
        return r.by_server & self.server_only_answered & fits & r.shape.bare & answers

    @cached_property
    def dropped_soon(self) -> Mask:
        """That came within the time that a handshake and the first request take."""
        answered = self._r.conn(Conn.T_SYNACK)
        return self.dropped_by_server & (self._r.seg(Seg.TIME) - answered < SOON + 2 * self._r.habits.rtt)

    @cached_property
    def wrong_ack(self) -> Mask:
        """The answered segment of the handshake acknowledged a number that the reset's sender never sent: a SYN-ACK
        that does not fit the SYN, or a last step that does not fit the SYN-ACK."""
        r = self._r
        isn = r.sender(Dir.ISN)
        off = (isn >= 0) & (r.trigger.ack != _behind(isn)) & ((r.trigger.flags & Flag.ACK) != 0)
        by_client = r.by_client & r.trigger.is_syn_ack & self.client_only_asked
        last_step = r.trigger.found & ((r.trigger.flags & Flag.SYN) == 0) & (r.peer(Dir.ISN) >= 0)
        by_server = r.by_server & self.server_only_answered & last_step
        return (by_client | by_server) & off & (r.seg(Seg.SEQ) == r.trigger.ack)

    @cached_property
    def never_asked(self) -> Mask:
        """The reset answers a SYN-ACK for which the capture holds no SYN; nothing else was sent."""
        r = self._r
        alone = (r.sender(Dir.PACKETS) == 0) & (r.peer(Dir.PACKETS) == r.peer(Dir.SYNS))
        return r.by_client & r.trigger.is_syn_ack & (r.client(Dir.ISN) < 0) & alone

    @cached_property
    def quick(self) -> Column:
        """Nanoseconds from the client's latest SYN to the reset."""
        last = self._r.client(Dir.SYN_LAST)
        return np.where(last > 0, np.maximum(self._r.seg(Seg.TIME) - last, 0), 0)

    # The SYN itself.

    @cached_property
    def whole_syn(self) -> Fact:
        """The client's SYN is an ordinary system's, with window scaling, SACK or timestamps; unknown without it."""
        options = self._r.client(Dir.SYN_OPTIONS)
        return Fact.of((options & (Opt.WSCALE | Opt.SACK_OK | Opt.TIMESTAMPS)) != 0, options >= 0)

    @cached_property
    def handmade_syn(self) -> Fact:
        """The client's SYN was made by a scanner, not by a stack: no option at all, or none but MSS with a window or
        IP ID that only scanners use; unknown without it. RFC 9293 section 3.7.1: stacks send MSS."""
        r = self._r
        options, window = r.client(Dir.SYN_OPTIONS), r.client(Dir.SYN_WINDOW)
        bare = options == 0
        only_mss = options == Opt.MSS
        marked = one_of(window, SCAN_WINDOWS) | (r.client(Dir.SYN_ID) == ZMAP_ID)
        return Fact.of(bare | (only_mss & marked), options >= 0)

    @cached_property
    def scan_window(self) -> Mask:
        """The peer's segments have a window that scanners use."""
        return one_of(self._r.peer(Dir.WINDOW), SCAN_WINDOWS)

    # Answers of an old connection.

    @cached_property
    def foreign(self) -> Mask:
        """The server answered the SYN by a bare ACK with numbers of another connection, and the client resets that
        number, as RFC 9293 section 3.10.7.3 asks."""
        number = self._r.conn(Conn.FOREIGN_ACK)
        return self._r.by_client & (number >= 0) & (self._r.seg(Seg.SEQ) == number)

    @cached_property
    def old_seen(self) -> Mask:
        """The capture holds the connection that used these ports before."""
        return self._r.conn(Conn.OLD_STREAM) >= 0

    @cached_property
    def old_closed(self) -> Fact:
        """That connection had seen a FIN of each side, so that one end keeps it in TIME_WAIT; unknown when it was not
        captured, or when it was reset (whether the other end took that reset nobody knows)."""
        fins = self._r.conn(Conn.OLD_FINS)
        closed = (fins & FINS) == FINS
        return Fact.of(closed, self.old_seen & (closed | ((fins & WAS_RESET) == 0)))

    @cached_property
    def old_open(self) -> Fact:
        """That connection had ended on no side; unknown as above."""
        fins = self._r.conn(Conn.OLD_FINS)
        return Fact.of((fins & FINS) == 0, self.old_seen & ((fins & WAS_RESET) == 0))

    @cached_property
    def old_number(self) -> Mask:
        """The foreign ACK acknowledges exactly what the old connection's client had sent."""
        number = self._r.conn(Conn.OLD_CLIENT_NXT)
        return self.old_seen & (number >= 0) & (self._r.conn(Conn.FOREIGN_ACK) == number)

    @cached_property
    def isn_not_above(self) -> Fact:
        """The new SYN's number is not above the old connection's: a host in TIME_WAIT does not take it
        (RFC 9293 section 3.10.7.4, RFC 6191)."""
        old = self._r.conn(Conn.FOREIGN_ACK)
        step = (self._r.client(Dir.ISN) - old) & 0xFFFFFFFF
        return Fact.of(step >= 1 << 31, self.foreign & (self._r.client(Dir.ISN) >= 0))

    # Who answered.

    @cached_property
    def answered_elsewhere(self) -> Fact:
        """The SYN-ACK came from another machine than the reset: their TTLs differ, and the server had sent nothing
        else; unknown without a SYN-ACK or where more was sent."""
        ttl = self._r.server(Dir.SYN_TTL)
        known = self._r.by_server & self.server_only_answered & (ttl >= 0)
        return Fact.of(ttl != self._r.seg(Seg.TTL), known)

    @cached_property
    def proxy_syn_ack(self) -> Mask:
        """The SYN-ACK is one of a device that answers for servers: window 0 (it opens the window once the server is
        reached), or it offers less than the client and starts from another TTL than the reset."""
        r = self._r
        offered, answered = r.client(Dir.SYN_OPTIONS), r.server(Dir.SYN_OPTIONS)
        full = Opt.WSCALE | Opt.SACK_OK
        less = (offered >= 0) & ((offered & full) == full) & (answered >= 0) & ((answered & full) == 0)
        other = initial_ttl(r.server(Dir.SYN_TTL)) != initial_ttl(r.seg(Seg.TTL))
        return self.server_only_answered & ((r.server(Dir.SYN_WINDOW) == 0) | (less & other))
