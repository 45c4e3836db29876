"""Who was silent for how long before the reset, and whether that wait has a name."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Conn, Dir, Rst
from whyrst.resets.constants import NETWORK, ROUND, SERVER, nearest
from whyrst.resets.facts import SECOND, Fact

if TYPE_CHECKING:
    import numpy.typing as npt

    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

EARLY = 0.005
"""Seconds by which an exact wait may seem too short."""


class Silences:
    """Waits before the resets of a batch, in nanoseconds; 0 where there was nothing to wait from."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets
        self._now = resets.seg(Seg.TIME)

    def _since(self, time: Column) -> Column:
        return np.where(time > 0, np.maximum(self._now - time, 0), 0)

    @cached_property
    def before(self) -> Column:
        """Since any segment of the connection."""
        return self._since(np.maximum(self._r.sender(Dir.LAST_TIME), self._r.peer(Dir.LAST_TIME)))

    @cached_property
    def sender(self) -> Column:
        """Since the sender's last segment."""
        return self._since(self._r.sender(Dir.LAST_TIME))

    @cached_property
    def peer(self) -> Column:
        """Since the peer's last segment."""
        return self._since(self._r.peer(Dir.LAST_TIME))

    @cached_property
    def sender_data(self) -> Column:
        """Since the sender's last payload."""
        return self._since(self._r.sender(Dir.DATA_TIME))

    @cached_property
    def turn(self) -> Column:
        """Since the latest sender of payload began its turn: a request's first byte, when it is unanswered."""
        return self._since(self._r.conn(Conn.T_TURN))

    @cached_property
    def syn(self) -> Column:
        """Since the client's first SYN."""
        return self._since(self._r.conn(Conn.T_SYN))

    @cached_property
    def start(self) -> Column:
        """Since the connection's first segment: its age."""
        return self._since(self._r.conn(Conn.FIRST_TIME))

    @cached_property
    def idle(self) -> Column:
        """Silence of the whole connection before its latest new byte, SYN or FIN (repeats of it do not count):
        how long it had been idle when somebody spoke again."""
        return self._r.conn(Conn.IDLE_GAP)

    @cached_property
    def idle_ended_by_peer(self) -> Mask:
        """The peer ended that silence, and the sender of the reset said nothing since."""
        side = self._r.conn(Conn.IDLE_SIDE)
        return (side == np.where(self._r.by_client, 1, 0)) & (
            self._r.sender(Dir.LAST_TIME) <= self._r.peer(Dir.NEW_TIME)
        )

    @cached_property
    def since_sender_fin(self) -> Column:
        """Since the sender's FIN."""
        return self._since(self._r.sender(Dir.FIN_TIME))

    @cached_property
    def since_peer_fin(self) -> Column:
        """Since the peer's FIN."""
        return self._since(self._r.peer(Dir.FIN_TIME))

    @cached_property
    def connect_wait(self) -> Column:
        """From the client's first SYN to the server's first SYN-ACK."""
        syn, answer = self._r.conn(Conn.T_SYN), self._r.conn(Conn.T_SYNACK)
        return np.where((syn > 0) & (answer > 0), np.maximum(answer - syn, 0), 0)

    @cached_property
    def fin_idle(self) -> Column:
        """How long neither side had sent payload when the sender closed (its keep-alive timeout); since the
        handshake when none had been sent at all."""
        fin = self._r.sender(Dir.FIN_TIME)
        last = np.minimum(np.maximum(self._r.sender(Dir.DATA_TIME), 0), np.where(fin > 0, fin, 0))
        theirs = self._r.peer(Dir.DATA_TIME)
        last = np.where((theirs > last) & (theirs < fin), theirs, last)
        opened = np.maximum(self._r.conn(Conn.T_ACK), self._r.conn(Conn.T_SYNACK))
        last = np.where((last == 0) & (self._r.sender(Dir.BYTES) == 0), opened, last)
        # A request that crossed the FIN may be captured before it; it ended the silence on the other side only.
        trigger = self._r.trigger
        crossed = trigger.has_payload & self._r.progress.seq_at_fin & (trigger.time <= fin)
        last = np.where(crossed, trigger.time - trigger.gap, last)
        return np.where((fin > 0) & (last > 0), np.maximum(fin - last, 0), 0)

    @cached_property
    def fin_patience(self) -> Column:
        """How long the sender had waited since its own last payload when it closed; 0 when the peer's answer had
        begun by then."""
        fin, asked = self._r.sender(Dir.FIN_TIME), self._r.sender(Dir.DATA_TIME)
        peer_side = np.where(self._r.by_client, 1, 0)
        answered = (self._r.conn(Conn.DATA_SIDE) == peer_side) & (self._r.conn(Conn.T_TURN) <= fin)
        return np.where((fin > 0) & (asked > 0) & ~answered, np.maximum(fin - asked, 0), 0)

    @cached_property
    def since_connect(self) -> Column:
        """From the client's first SYN to its FIN, or to the reset when it sent none, while it had not got a byte; 0
        when it had."""
        begun, fin, heard = self._r.conn(Conn.T_SYN), self._r.client(Dir.FIN_TIME), self._r.server(Dir.FIRST_DATA)
        end = np.where(fin > 0, fin, self._now)
        return np.where((begun > 0) & ((heard <= 0) | (heard > end)), np.maximum(end - begun, 0), 0)

    @cached_property
    def broken(self) -> Column:
        """The silence that the answered segment ended: of the whole connection before it was first sent.

        0 when nothing was answered. A repeated segment counts from its first sending; a keep-alive probe from the
        last word of the reset's sender, since earlier probes may have got no answer.
        """
        trigger = self._r.trigger
        fresh = np.where(trigger.found & ~trigger.repeated & ~trigger.probe, trigger.gap, 0)
        first = np.where(trigger.found & self.idle_ended_by_peer, self.idle, 0)
        return np.maximum(np.where(trigger.probe, self.sender, fresh), first)

    @cached_property
    def broken_alike(self) -> Column:
        """Connections of this batch whose silence before the answered segment was the same within 2 %, this one
        included; 0 for silences under half a minute."""
        wait = self.broken
        result = np.zeros(len(wait), dtype=np.int64)
        chosen = np.flatnonzero((wait >= 30 * SECOND) & (self._r.own(Rst.NUMBER) == 1))
        ordered = np.sort(wait[chosen])
        low = np.searchsorted(ordered, wait[chosen] * 0.98)
        high = np.searchsorted(ordered, wait[chosen] * 1.02, side="right")
        result[chosen] = high - low
        return result

    @cached_property
    def stalled(self) -> Column:
        """Since the sender last acknowledged something new of the peer: how long nothing more had come in order."""
        return self._since(self._r.peer(Dir.ACKED_TIME))

    def is_exact(self, wait: Column) -> Fact:
        """The wait is one that people configure, and as exact as a timer: a second or more, and at most 0.2 % and
        20 ms above it, or 5 ms below it, since a limit on the whole operation begins before its request. By chance
        one wait in forty is."""
        seconds = wait / SECOND
        values = np.array([c.seconds for c in ROUND])
        at = np.clip(np.searchsorted(values, seconds + EARLY, side="right") - 1, 0, len(values) - 1)
        over = seconds - values[at]
        fits = (over >= -EARLY) & (over <= np.maximum(0.02, values[at] * 0.002)) & (values[at] >= 1)
        return Fact.of(fits, wait > 0)

    def network_constant(self, wait: Column) -> npt.NDArray[np.int64]:
        """Index into `constants.NETWORK` that a wait fits, -1 for none."""
        return nearest(wait / SECOND, NETWORK)

    def server_constant(self, wait: Column) -> npt.NDArray[np.int64]:
        """Index into `constants.SERVER` that a wait fits, -1 for none."""
        return nearest(wait / SECOND, SERVER)

    def is_round(self, wait: Column) -> Fact:
        """The wait is one that people configure (`constants.ROUND`)."""
        return Fact.of(nearest(wait / SECOND, ROUND) >= 0, wait > 0)
