"""What did not get through before the reset: retransmissions, keep-alive probes, zero windows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Conn, Dir
from whyrst.resets.facts import SECOND, Fact

if TYPE_CHECKING:
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
    def sender_repeats_large(self) -> Mask:
        """What the sender repeats is a large segment."""
        return (self.sender_repeats > 0) & (self._r.sender(Dir.RETRANS_LENGTH) >= LARGE)

    @cached_property
    def peer_repeats_large(self) -> Mask:
        """What the peer repeats is a large segment."""
        return (self.peer_repeats > 0) & (self._r.peer(Dir.RETRANS_LENGTH) >= LARGE)

    @cached_property
    def sender_large_acked(self) -> Fact:
        """A segment of the sender as large as the one it repeats was acknowledged before; unknown if it repeats none."""
        return Fact.of(
            self._r.sender(Dir.ACKED_MAX) * 10 >= self._r.sender(Dir.RETRANS_LENGTH) * 9, self.sender_repeats > 0
        )

    @cached_property
    def peer_large_acked(self) -> Fact:
        """A segment of the peer as large as the one it repeats was acknowledged before; unknown if it repeats none."""
        return Fact.of(self._r.peer(Dir.ACKED_MAX) * 10 >= self._r.peer(Dir.RETRANS_LENGTH) * 9, self.peer_repeats > 0)

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
