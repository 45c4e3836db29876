"""How far a connection had come when the reset was sent: states, closes and bytes of both ends."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.connections.states import State
from whyrst.fast.layout import Seg
from whyrst.fast.tables import Conn, Dir, Rst
from whyrst.resets.facts import SECOND, Fact, ahead

if TYPE_CHECKING:
    from whyrst.fast.tables import Dir as DirCell
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

NEAR = 1 << 20
"""Bytes that a capture may lack at a time; a number farther off is none of this connection."""
HANDSHAKE, ESTABLISHED, CLOSING, CLOSED = range(4)
STAGES = ("handshake", "established", "closing", "closed")


class Progress:
    """The connections of a batch of resets, just before each reset."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    def _fin(self, of: Column, acked: Column) -> Mask:
        return (of >= 0) & (acked >= 0) & (ahead(acked, of) > 0)

    @cached_property
    def sender_state(self) -> Column:
        """`State` of the sender's end."""
        return self._r.sender(Dir.STATE)

    @cached_property
    def peer_state(self) -> Column:
        """`State` of the peer's end."""
        return self._r.peer(Dir.STATE)

    @cached_property
    def sender_silent(self) -> Mask:
        """The sender had not sent a single segment before."""
        return self._r.sender(Dir.PACKETS) + self._r.sender(Dir.RSTS) == 0

    @cached_property
    def peer_silent(self) -> Mask:
        """The peer had not sent a single segment before (one-sided capture, or a reset out of the blue)."""
        return self._r.peer(Dir.PACKETS) + self._r.peer(Dir.RSTS) == 0

    @cached_property
    def answers_connect(self) -> Mask:
        """The reset answers the peer's SYN (a repeated one, too), and its sender had said nothing: it was refused."""
        again = self._r.trigger.is_syn & self._r.trigger.fits_exactly
        return ((self.peer_state == State.SYN_SENT) | again) & (self._r.sender(Dir.PACKETS) == 0)

    @cached_property
    def handshake_seen(self) -> Mask:
        """Both SYNs are in the capture."""
        return (self._r.sender(Dir.ISN) >= 0) & (self._r.peer(Dir.ISN) >= 0)

    @cached_property
    def synchronized(self) -> Mask:
        """The three-way handshake was complete as far as the capture shows, or the reset's numbers tell of bytes that
        the capture left out, or it lies before the capture."""
        known = (self.sender_state >= State.ESTABLISHED) & (self.peer_state >= State.ESTABLISHED)
        known |= self.handshake_seen & self._numbers_tell
        cut_short = (self.sender_state == State.RESET) & self.handshake_seen & (self._r.conn(Conn.T_ACK) == 0)
        return known & ~cut_short

    @cached_property
    def midstream(self) -> Mask:
        """The capture lacks the handshake."""
        return self._r.conn(Conn.KNOWN) == 0

    @cached_property
    def first(self) -> Mask:
        """First reset of its connection."""
        return self._r.own(Rst.NUMBER) == 1

    @cached_property
    def sender_reset_before(self) -> Mask:
        """The same address had reset the connection before."""
        return self._r.sender(Dir.RSTS) > 0

    @cached_property
    def peer_reset_before(self) -> Mask:
        """The other end had reset the connection before."""
        return self._r.peer(Dir.RSTS) > 0

    @cached_property
    def sender_fin(self) -> Mask:
        """The sender had closed its direction."""
        return self._r.sender(Dir.FIN_SEQ) >= 0

    @cached_property
    def peer_fin(self) -> Mask:
        """The peer had closed its direction."""
        return self._r.peer(Dir.FIN_SEQ) >= 0

    @cached_property
    def sender_fin_acked(self) -> Mask:
        """The sender's FIN was acknowledged."""
        return self._fin(self._r.sender(Dir.FIN_SEQ), self._r.sender(Dir.ACKED))

    @cached_property
    def peer_fin_acked(self) -> Mask:
        """The peer's FIN was acknowledged."""
        return self._fin(self._r.peer(Dir.FIN_SEQ), self._r.peer(Dir.ACKED))

    @cached_property
    def seq_after_fin(self) -> Mask:
        """RST.SEQ is the sequence number behind the sender's FIN: the peer's segment acknowledged it."""
        return self.sender_fin & (self._r.seg(Seg.SEQ) == (self._r.sender(Dir.FIN_SEQ) + 1) & 0xFFFFFFFF)

    @cached_property
    def seq_at_fin(self) -> Mask:
        """RST.SEQ is the FIN's own: the peer's segment had not acknowledged it, the two crossed."""
        return self.sender_fin & (self._r.seg(Seg.SEQ) == self._r.sender(Dir.FIN_SEQ))

    @cached_property
    def seq_is_next(self) -> Mask:
        """RST.SEQ is the sender's next sequence number."""
        return self._r.seg(Seg.SEQ) == self._r.sender(Dir.NXT)

    @cached_property
    def acks_unseen(self) -> Mask:
        """RST.ACK acknowledges bytes of the peer that the capture lacks; a number far off proves nothing."""
        further = ahead(self._r.seg(Seg.ACK), self._r.peer(Dir.NXT))
        return self._r.shape.has_ack & (self._r.peer(Dir.NXT) >= 0) & (further > 0) & (further < NEAR)

    @cached_property
    def _numbers_tell(self) -> Mask:
        """A RST,ACK of both numbers within reach, one of which lies behind the first byte: some were exchanged."""
        wrote = ahead(self._r.seg(Seg.SEQ), (self._r.sender(Dir.ISN) + 1) & 0xFFFFFFFF)
        heard = ahead(self._r.seg(Seg.ACK), (self._r.peer(Dir.ISN) + 1) & 0xFFFFFFFF)
        near = (wrote >= 0) & (wrote < NEAR) & (heard >= 0) & (heard < NEAR)
        return self._r.shape.has_ack & self.handshake_seen & near & (wrote + heard > 0)

    @cached_property
    def knew_peer_fin(self) -> Mask:
        """The peer had closed, and nothing says that the sender had not heard of it: a RST,ACK whose number does not
        cover the FIN was written before that arrived."""
        heard = ahead(self._r.seg(Seg.ACK), self._r.peer(Dir.FIN_SEQ)) > 0
        return self.peer_fin & (heard | ~self._r.shape.has_ack)

    @cached_property
    def seq_expected(self) -> Fact:
        """RST.SEQ is what the peer expected next, so it takes the reset (RFC 9293 section 3.10.7.4)."""
        wanted = self._r.peer(Dir.ACK_SENT)
        return Fact.of((self._r.seg(Seg.SEQ) == wanted) | self.seq_is_next, (wanted >= 0) | self.seq_is_next)

    @cached_property
    def ack_is_received(self) -> Mask:
        """RST.ACK acknowledges all that the peer had sent."""
        return self._r.shape.has_ack & (self._r.seg(Seg.ACK) == self._r.peer(Dir.NXT))

    @cached_property
    def sender_bytes(self) -> Column:
        """Payload bytes that the sender had sent."""
        return self._r.sender(Dir.BYTES)

    @cached_property
    def peer_bytes(self) -> Column:
        """Payload bytes that the peer had sent."""
        return self._r.peer(Dir.BYTES)

    def _outstanding(self, nxt: Column, acked: Column) -> Column:
        return np.where((nxt >= 0) & (acked >= 0), np.maximum(ahead(nxt, acked), 0), 0)

    def _flight(self, side: str) -> Column:
        get = self._r.sender if side == "sender" else self._r.peer
        cell: type[DirCell] = Dir
        nxt, acked = get(cell.NXT), get(cell.ACKED)
        first = np.where(get(cell.ISN) >= 0, (get(cell.ISN) + 1) & 0xFFFFFFFF, nxt)
        flight = self._outstanding(nxt, np.where(acked >= 0, acked, first))
        fin = (get(cell.FIN_SEQ) >= 0) & (flight > 0) & (((get(cell.FIN_SEQ) + 1) & 0xFFFFFFFF) == nxt)
        return np.minimum(flight - fin, get(cell.BYTES))

    @cached_property
    def sender_unacked(self) -> Column:
        """The sender's payload bytes that the peer had not acknowledged."""
        return self._flight("sender")

    @cached_property
    def peer_unacked(self) -> Column:
        """The peer's payload bytes that the sender had not acknowledged (a RST,ACK's own number counts)."""
        flight = self._flight("peer")
        return np.where(self.ack_is_received, 0, flight)

    @cached_property
    def unread(self) -> Column:
        """Lower bound of the bytes that the sender of the reset had acknowledged and its program not read.

        The right edge of the window stands still while the program does not read (RFC 9293 section 3.8.6).
        """
        edge, ack = self._r.sender(Dir.EDGE_ACK), self._r.sender(Dir.ACK_SENT)
        return np.where((edge >= 0) & (ack >= 0), np.maximum(ahead(ack, edge), 0), 0)

    @cached_property
    def one_sided(self) -> Mask:
        """The capture holds only the sender's direction of a connection that had both."""
        return self.peer_silent & (self._r.sender(Dir.PACKETS) > 0)

    @cached_property
    def stage(self) -> Column:
        """HANDSHAKE, ESTABLISHED, CLOSING or CLOSED."""
        ended = ((self.sender_state == State.RESET) | (self.peer_state == State.RESET)) | (
            self.sender_fin_acked & self.peer_fin_acked
        )
        closing = self.sender_fin | self.peer_fin
        stage = np.where(self.synchronized | self.midstream, ESTABLISHED, HANDSHAKE)
        return np.where(ended, CLOSED, np.where(closing, CLOSING, stage))

    @cached_property
    def quiet_close(self) -> Mask:
        """Both ends had closed, and all that was sent was acknowledged."""
        return self.sender_fin & self.peer_fin & (self.sender_unacked == 0) & (self.peer_unacked == 0)

    @cached_property
    def answered(self) -> Mask:
        """The server sent payload after the client's latest payload began: the latest request has (some) answer."""
        return self._r.server(Dir.DATA_TIME) > self._r.client(Dir.DATA_TIME)

    @cached_property
    def no_payload(self) -> Mask:
        """Neither side had sent a byte, and the reset's numbers do not tell of bytes that the capture lost."""
        return (self.sender_bytes == 0) & (self.peer_bytes == 0) & ~self._numbers_tell

    @cached_property
    def _peer_turn_at_fin(self) -> Mask:
        """The peer's latest turn to speak had begun when the sender closed."""
        peer_side = np.where(self._r.by_client, 1, 0)
        began = self._r.conn(Conn.T_TURN) <= self._r.sender(Dir.FIN_TIME)
        return (self._r.conn(Conn.DATA_SIDE) == peer_side) & began

    @cached_property
    def answer_due(self) -> Mask:
        """The sender closed after it had asked and before the peer began its answer, which then came."""
        asked = self._r.sender(Dir.DATA_TIME) > 0
        peer_side = np.where(self._r.by_client, 1, 0)
        came = (self._r.conn(Conn.DATA_SIDE) == peer_side) & ~self._peer_turn_at_fin
        return self.sender_fin & asked & came & ~self._r.trigger.overlaps

    @cached_property
    def answer_under_way(self) -> Mask:
        """The sender closed while the peer was speaking: more of it came within a second and two round trips."""
        soon = self._r.peer(Dir.DATA_TIME) - self._r.sender(Dir.FIN_TIME) <= SECOND + 2 * self._r.peer(Dir.RTT)
        return self.sender_fin & self._peer_turn_at_fin & soon & ~self._r.trigger.overlaps

    @cached_property
    def previous_reset(self) -> Column:
        """Index of the connection's reset before, in this batch; its own where there is none."""
        ordinal, previous = self._r.own(Rst.ORDINAL), self._r.own(Rst.PREVIOUS)
        here = np.arange(len(self._r))
        order = np.argsort(ordinal)
        at = (
            order[np.minimum(np.searchsorted(ordinal[order], previous), max(len(order) - 1, 0))] if len(order) else here
        )
        return np.where((previous >= 0) & (ordinal[at] == previous), at, here)

    @cached_property
    def _first_of_connection(self) -> Column:
        """Index of the first reset of the same connection in this batch, by jumps that double in length."""
        jump = self.previous_reset
        while not np.array_equal(jump[jump], jump):
            jump = jump[jump]
        return jump

    @cached_property
    def sender_aborted_before(self) -> Mask:
        """A reset of the sender that carried an acknowledgement had ended the connection: its socket's own."""
        first = self._first_of_connection
        mine = self._r.own(Rst.SIDE)[first] == self._r.own(Rst.SIDE)
        began = mine & self._r.shape.has_ack[first] & ~self.answers_connect[first]
        return self.sender_reset_before & ((self._r.sender(Dir.RST_ACK) != 0) | began)
