"""Who was silent for how long before the reset, and whether that wait has a name."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Conn, Dir
from whyrst.resets.constants import NETWORK, ROUND, SERVER, nearest
from whyrst.resets.facts import SECOND, Fact

if TYPE_CHECKING:
    import numpy.typing as npt

    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask


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
    def peer_data(self) -> Column:
        """Since the peer's last payload."""
        return self._since(self._r.peer(Dir.DATA_TIME))

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
        """How long neither side had sent payload when the sender closed (its keep-alive timeout)."""
        fin = self._r.sender(Dir.FIN_TIME)
        last = np.minimum(np.maximum(self._r.sender(Dir.DATA_TIME), 0), np.where(fin > 0, fin, 0))
        theirs = self._r.peer(Dir.DATA_TIME)
        last = np.where((theirs > last) & (theirs < fin), theirs, last)
        return np.where((fin > 0) & (last > 0), np.maximum(fin - last, 0), 0)

    def network_constant(self, wait: Column) -> npt.NDArray[np.int64]:
        """Index into `constants.NETWORK` that a wait fits, -1 for none."""
        return nearest(wait / SECOND, NETWORK)

    def server_constant(self, wait: Column) -> npt.NDArray[np.int64]:
        """Index into `constants.SERVER` that a wait fits, -1 for none."""
        return nearest(wait / SECOND, SERVER)

    def is_round(self, wait: Column) -> Fact:
        """The wait is one that people configure (`constants.ROUND`)."""
        return Fact.of(nearest(wait / SECOND, ROUND) >= 0, wait > 0)
