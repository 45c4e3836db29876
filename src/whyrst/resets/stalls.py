"""What did not get through before the reset: retransmissions, keep-alive probes, zero windows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Conn, Dir
from whyrst.resets.facts import SECOND, Fact, ahead

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

LARGE = 1000
"""Payload of a segment that a tunnel's or a link's smaller MTU can stop (RFC 4821 starts its search at 1024)."""


class Stalls:
    """Stalls of the connections of a batch of resets."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    @cached_property
    def sender_repeats(self) -> Column:
        """Retransmissions of the sender's segment that is still not acknowledged."""
        return self._r.sender(Dir.RETRANS)

    @cached_property
    def peer_repeats(self) -> Column:
        """Retransmissions of the peer's segment that is still not acknowledged."""
        return self._r.peer(Dir.RETRANS)

    @cached_property
    def sender_ladder(self) -> Column:
        """Nanoseconds from the first sending of the sender's unacknowledged segment to the reset."""
        first = self._r.sender(Dir.RETRANS_FIRST)
        return np.where((self.sender_repeats > 0) & (first > 0), self._r.seg(Seg.TIME) - first, 0)

    @cached_property
    def peer_ladder(self) -> Column:
        """Nanoseconds from the first sending of the peer's unacknowledged segment to its last repeat."""
        first = self._r.peer(Dir.RETRANS_FIRST)
        return np.where((self.peer_repeats > 0) & (first > 0), self._r.peer(Dir.RETRANS_LAST) - first, 0)

    @cached_property
    def sender_backs_off(self) -> Fact:
        """The sender's repeats span what doubling takes (n repeats last at least (2^n - 1)/4 of the longest)."""
        n = np.minimum(self.sender_repeats, 12)
        span = self._r.sender(Dir.RETRANS_LAST) - self._r.sender(Dir.RETRANS_FIRST)
        least = 0.05 * SECOND * (2.0 ** np.maximum(n - 1, 0))
        return Fact.of(span >= least, n >= 2)  # noqa: PLR2004 - one repeat shows no rhythm

    @cached_property
    def sender_overdue(self) -> Column:
        """Nanoseconds since the sender's last repeat; 0 when it repeats nothing."""
        last = self._r.sender(Dir.RETRANS_LAST)
        return np.where((self.sender_repeats > 0) & (last > 0), self._r.seg(Seg.TIME) - last, 0)

    @cached_property
    def sender_span(self) -> Column:
        """Nanoseconds from the first sending of the sender's unacknowledged segment to its last repeat."""
        first = self._r.sender(Dir.RETRANS_FIRST)
        return np.where((self.sender_repeats > 0) & (first > 0), self._r.sender(Dir.RETRANS_LAST) - first, 0)

    @cached_property
    def sender_next_rung(self) -> Fact:
        """The reset came when the next repeat was due.

        With doubling waits (RFC 6298 section 5.5) the next one is as long as all before together, at most a third
        longer; where a stack caps it (BSD 64 s, Linux 120 s) it is at least their mean. Unknown below three repeats.
        """
        n, span = np.maximum(self.sender_repeats, 1), self.sender_span
        capped = span > 120 * SECOND
        least = np.where(capped, span / n, span * 0.85)
        return Fact.of((self.sender_overdue >= least) & (self.sender_overdue <= span * 1.5), self.sender_repeats >= 3)  # noqa: PLR2004

    @cached_property
    def sender_stopped(self) -> Fact:
        """The sender had stopped repeating although nothing was acknowledged: the next repeat was overdue by a third
        and more. Unknown without repeats, or where the first sending was not captured.

        The next wait is twice the one before (RFC 6298 section 5.5), so that after n of them, which took the span
        together, it is 2^n / (2^n - 1) of it; Linux waits two minutes at most.
        """
        doubled = 2.0 ** np.clip(self.sender_repeats, 1, 12)
        longest = np.minimum(self.sender_span * doubled / (doubled - 1), 120 * SECOND)
        return Fact.of(self.sender_overdue > longest * 1.3, (self.sender_repeats >= 1) & (self.sender_span > 0))

    @cached_property
    def peer_spoke_meanwhile(self) -> Mask:
        """The peer sent something while the sender repeated: the path back was alive."""
        since = self._stuck_since(self._r.sender, np.where(self._r.by_client, 0, 1))
        return (self.sender_repeats > 0) & (self._r.peer(Dir.LAST_TIME) > since)

    @cached_property
    def sender_spoke_meanwhile(self) -> Mask:
        """The sender sent something while the peer repeated."""
        since = self._stuck_since(self._r.peer, np.where(self._r.by_client, 1, 0))
        return (self.peer_repeats > 0) & (self._r.sender(Dir.LAST_TIME) > since)

    def _stuck_since(self, get: Callable[[Dir], Column], side: Column) -> Column:
        """When a side's segment that was never acknowledged had been sent, at the latest.

        Of several under way only the last one's first sending is kept; but what is repeated at the edge of what was
        acknowledged was sent in this turn, after the last progress. A duplicate ACK then tells that something else
        arrived (RFC 5681 section 2).
        """
        edge = (get(Dir.RETRANS_SEQ) == get(Dir.ACKED)) & (self._r.conn(Conn.DATA_SIDE) == side)
        turn = np.maximum(self._r.conn(Conn.T_TURN), get(Dir.ACKED_TIME))
        first = get(Dir.RETRANS_FIRST)
        return np.where(edge & (turn > 0), np.minimum(first, turn), first)

    @cached_property
    def probe_wait(self) -> Column:
        """Nanoseconds since the sender's last keep-alive probe; 0 without one."""
        last = self._r.sender(Dir.PROBE_LAST)
        return np.where((self.sender_probes > 0) & (last > 0), self._r.seg(Seg.TIME) - last, 0)

    @cached_property
    def probe_wait_fits(self) -> Fact:
        """The reset came one interval after the last probe, when the next one was due; unknown for fewer than two."""
        step = self.probe_interval
        slack = step * 0.1 + 0.05 * SECOND
        return Fact.of(np.abs(self.probe_wait - step) <= slack, self.sender_probes >= 2)  # noqa: PLR2004

    @cached_property
    def sender_repeats_large(self) -> Mask:
        """What the sender repeats is a large segment."""
        return (self.sender_repeats > 0) & (self._r.sender(Dir.RETRANS_LENGTH) >= LARGE)

    @cached_property
    def peer_repeats_large(self) -> Mask:
        """What the peer repeats is a large segment."""
        return (self.peer_repeats > 0) & (self._r.peer(Dir.RETRANS_LENGTH) >= LARGE)

    @cached_property
    def sender_large_acked(self) -> Fact:
        """A segment of the sender as large as what it repeats was acknowledged before; unknown if it repeats none."""
        return Fact.of(
            self._r.sender(Dir.ACKED_MAX) * 10 >= self._r.sender(Dir.RETRANS_LENGTH) * 9, self.sender_repeats > 0
        )

    @cached_property
    def peer_large_acked(self) -> Fact:
        """A segment of the peer as large as the one it repeats was acknowledged before; unknown if it repeats none."""
        return Fact.of(self._r.peer(Dir.ACKED_MAX) * 10 >= self._r.peer(Dir.RETRANS_LENGTH) * 9, self.peer_repeats > 0)

    @cached_property
    def sender_large_passed(self) -> Fact:
        """A segment of the sender as large as what it repeats had got through, or enough bytes that one likely
        did; unknown when it repeats none."""
        return self.sender_large_acked | self._much_acked(self._r.sender)

    @cached_property
    def peer_large_passed(self) -> Fact:
        """The same of the peer."""
        return self.peer_large_acked | self._much_acked(self._r.peer)

    def _much_acked(self, get: Callable[[Dir], Column]) -> Fact:
        """Segments of half that size and more, on average, were acknowledged, and enough of them."""
        length, acked = get(Dir.RETRANS_LENGTH), get(Dir.BYTES) - np.maximum(get(Dir.SEGMENT_MAX), 0)
        mean = get(Dir.BYTES) // np.maximum(get(Dir.SEGMENTS), 1)
        before = ahead(get(Dir.RETRANS_SEQ), (get(Dir.ISN) + 1) & 0xFFFFFFFF)
        much = (get(Dir.ISN) >= 0) & (before > 3 * length) & (mean * 2 >= length) & (acked > 0)
        return Fact.of(much, get(Dir.RETRANS) > 0)

    @cached_property
    def sender_probes(self) -> Column:
        """Keep-alive probes of the sender since the peer last spoke."""
        return self._r.sender(Dir.PROBES)

    @cached_property
    def probe_interval(self) -> Column:
        """Mean interval of those probes, nanoseconds; 0 for fewer than two."""
        n = self.sender_probes
        span = self._r.sender(Dir.PROBE_LAST) - self._r.sender(Dir.PROBE_FIRST)
        return np.where(n >= 2, span // np.maximum(n - 1, 1), 0)  # noqa: PLR2004

    @cached_property
    def peer_window_shut(self) -> Mask:
        """The peer's window was 0 when the reset came: its program did not read."""
        return self._r.peer(Dir.ZERO_SINCE) > 0

    @cached_property
    def sender_window_shut(self) -> Mask:
        """The sender's own window was 0."""
        return self._r.sender(Dir.ZERO_SINCE) > 0

    @cached_property
    def peer_window_shut_for(self) -> Column:
        """How long, nanoseconds."""
        since = self._r.peer(Dir.ZERO_SINCE)
        return np.where(since > 0, self._r.seg(Seg.TIME) - since, 0)

    @cached_property
    def sender_window_shut_for(self) -> Column:
        """How long the sender's own window had been 0, nanoseconds."""
        since = self._r.sender(Dir.ZERO_SINCE)
        return np.where(since > 0, self._r.seg(Seg.TIME) - since, 0)

    @cached_property
    def window_jumps(self) -> Fact:
        """The reset's window shows that the receive queue was emptied in the same breath.

        Linux frees what was not read before it sends the reset (net/ipv4/tcp.c __tcp_close), so the window
        grows: the last one was at most half of the largest, the reset's is at least twice the last, and no
        window update lies between. Unknown when the last window was not small: then nothing can jump.
        """
        last, most, now = self._r.sender(Dir.WINDOW), self._r.sender(Dir.WINDOW_MAX), self._r.seg(Seg.WINDOW)
        small = (last >= 0) & (most > 0) & (last * 2 <= np.maximum(most, now)) & self._r.shape.live_window
        updated = self._r.sender(Dir.WINDOW_TIME) > self._r.peer(Dir.DATA_TIME)
        return Fact.of((now >= 2 * np.maximum(last, 1)) & ~updated, small)

    @cached_property
    def server_repeats_syn_ack(self) -> Mask:
        """The server repeated its SYN-ACK after the client had acknowledged it: it did not take that ACK."""
        return (self._r.conn(Conn.T_ACK) > 0) & (self._r.server(Dir.SYN_LAST) > self._r.conn(Conn.T_ACK))
