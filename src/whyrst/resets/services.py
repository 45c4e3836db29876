"""What else happened to the service of a reset: accepted, refused and ended connections, bursts, habits.

Facts come from the log of recent connections; `resets.neighbours` goes on with hosts and clients. "Service" is the
server's address and port.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Conn, Dir, End, Glob, Log
from whyrst.resets.facts import MINUTE, MS, SECOND, Fact
from whyrst.resets.timeline import Keys, Timeline, mix

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

TOGETHER = 100 * MS
"""Connections of one service that end within this time ended for one reason."""
AT_ONCE = 5 * MS
"""The kernel resets all waiting connections of a closed listener in one go (inet_csk_listen_stop)."""
WAITED = 50 * MS
"""A program that turns connections away does so sooner."""
PAIR = 2
"""So many at once are hardly chance when none of them had got a byte."""
BURST = 3
"""Fewer connections may end within 100 ms by chance."""
GONE_FOR = 10 * SECOND
"""A supervisor restarts a service within this time; one that stays away longer is gone."""


class Services:
    """The services that the resets of a batch belong to, and the keys of hosts and clients."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets
        self._now = resets.seg(Seg.TIME)
        log = resets.neighbour
        self._start = int(log(Log.T_FIRST).min()) if resets.lines else 0
        self._end = log(Log.END)
        sport = log(Log.PORTS) & 0xFFFF
        self._client = mix(log(Log.CLIENT_HI), log(Log.CLIENT_LO))
        self._host = mix(log(Log.SERVER_HI), log(Log.SERVER_LO))
        self._service = mix(self._host, sport)

    # Keys of the resets' own connections.

    @cached_property
    def client_key(self) -> Column:
        """Hash of the client's address."""
        return mix(self._r.conn(Conn.CLIENT_HI), self._r.conn(Conn.CLIENT_LO))

    @cached_property
    def host_key(self) -> Column:
        """Hash of the server's address."""
        return mix(self._r.conn(Conn.SERVER_HI), self._r.conn(Conn.SERVER_LO))

    @cached_property
    def service_key(self) -> Column:
        """Hash of the server's address and port."""
        return mix(self.host_key, self._r.conn(Conn.PORTS) & 0xFFFF)

    @cached_property
    def _services(self) -> Keys:
        return Keys(self._service, self._start)

    @cached_property
    def _rank(self) -> Column:
        return self._services.find(self.service_key)

    def _line(self, keys: Keys, chosen: Mask, times: Column) -> Timeline:
        chosen = chosen & (times > 0)
        return Timeline(keys, keys.rank[chosen], times[chosen])

    # The service.

    @cached_property
    def _accepted(self) -> Timeline:
        times = self._r.neighbour(Log.T_SYNACK)
        return self._line(self._services, times > 0, times)

    @cached_property
    def _refused(self) -> Timeline:
        return self._line(self._services, (self._end & End.REFUSED) != 0, self._r.neighbour(Log.T_END))

    @cached_property
    def accepted_before(self) -> Column:
        """Nanoseconds since the service last accepted a connection, -1 when it was never seen to."""
        own = self._r.conn(Conn.T_SYNACK)
        return self._accepted.before(self._rank, np.where(own > 0, own, self._now))

    @cached_property
    def accepted_after(self) -> Column:
        """Nanoseconds until the service accepts a connection again, -1 when it is never seen to."""
        return self._accepted.after(self._rank, self._now)

    @cached_property
    def refused_after(self) -> Column:
        """Nanoseconds until the service refuses a connection, -1 when it is never seen to."""
        return self._refused.after(self._rank, self._now)

    @cached_property
    def refused_near(self) -> Column:
        """Connections that the service refused within a minute before or after, this one included."""
        return self._refused.count(self._rank, self._now - MINUTE, self._now + MINUTE)

    @cached_property
    def accepted_near(self) -> Column:
        """Connections that the service accepted within a minute before or after."""
        return self._accepted.count(self._rank, self._now - MINUTE, self._now + MINUTE)

    @cached_property
    def _server_ended(self) -> Timeline:
        by_server = (self._end & (End.SERVER_RST | End.SERVER_FIRST)) != 0
        live = self._r.neighbour(Log.T_SYNACK) > 0
        return self._line(self._services, by_server & live, self._r.neighbour(Log.T_END))

    @cached_property
    def ended_together(self) -> Column:
        """Connections of the service that the server ended (FIN or RST) within 100 ms of this reset."""
        return self._server_ended.count(self._rank, self._now - TOGETHER, self._now + TOGETHER)

    @cached_property
    def since_burst(self) -> Column:
        """Nanoseconds since the server last ended BURST connections of the service within 100 ms (this reset may be
        one of them); -1 when it never did."""
        ago = self._server_ended.dense(BURST, TOGETHER).before(self._rank, self._now + TOGETHER)
        return np.where(ago >= 0, np.maximum(ago - TOGETHER, 0), -1)

    @cached_property
    def _burst(self) -> Column:
        return self._now - np.maximum(self.since_burst, 0)

    @cached_property
    def burst_size(self) -> Column:
        """Connections that ended in that burst, 0 when there was none."""
        size = self._server_ended.count(self._rank, self._burst - TOGETHER, self._burst + TOGETHER)
        return np.where(self.since_burst >= 0, size, 0)

    @cached_property
    def watched_after_burst(self) -> Column:
        """Nanoseconds that the capture goes on after that burst."""
        return np.maximum(int(self._r.g[Glob.LAST_TIME]) - self._burst, 0)

    @cached_property
    def accepts_after_burst(self) -> Fact:
        """The service accepted a connection after that burst; unknown when the capture ends soon after it."""
        yes = self._accepted.after(self._rank, self._burst) >= 0
        return Fact.of(yes, yes | (self.watched_after_burst > GONE_FOR))

    @cached_property
    def refuses_after_burst(self) -> Mask:
        """The service refused a connection after that burst."""
        return (self.since_burst >= 0) & (self._refused.after(self._rank, self._burst) >= 0)

    @cached_property
    def burst_then_refused(self) -> Mask:
        """The connection ended in a burst of endings of its service, which then refused and is not seen to return."""
        in_burst = (self.since_burst >= 0) & (self.since_burst <= TOGETHER)
        return in_burst & self.refuses_after_burst & ~self.accepts_after_burst.yes

    @cached_property
    def _server_dropped_unserved(self) -> Timeline:
        unserved = (self._r.neighbour(Log.SERVER_BYTES) == 0) & (self._r.neighbour(Log.T_SYNACK) > 0)
        active = (self._end & End.SERVER_ACTIVE) != 0
        return self._line(self._services, unserved & active, self._r.neighbour(Log.T_END))

    @cached_property
    def dropped_at_once(self) -> Column:
        """Connections of the service that the server reset actively within 5 ms without having sent a byte."""
        return self._server_dropped_unserved.count(self._rank, self._now - AT_ONCE, self._now + AT_ONCE)

    @cached_property
    def dropped_unasked(self) -> Column:
        """Of them, those whose client had not sent a byte either: a program's close would have sent a FIN."""
        log = self._r.neighbour
        silent = (log(Log.SERVER_BYTES) == 0) & (log(Log.CLIENT_BYTES) == 0) & (log(Log.T_SYNACK) > 0)
        line = self._line(self._services, silent & ((self._end & End.SERVER_ACTIVE) != 0), log(Log.T_END))
        return line.count(self._rank, self._now - AT_ONCE, self._now + AT_ONCE)

    @cached_property
    def unserved_for(self) -> Column:
        """Nanoseconds since the server accepted this connection, to which it has not sent a byte; 0 when it has."""
        accepted = self._r.conn(Conn.T_SYNACK)
        waits = (accepted > 0) & (self._r.server(Dir.BYTES) == 0)
        return np.where(waits, np.maximum(self._now - accepted, 0), 0)

    @cached_property
    def dropped_in_wait(self) -> Mask:
        """Several connections that had waited for a byte of the server were reset at once, this one with them."""
        return (self.dropped_at_once >= BURST) & (self.unserved_for >= WAITED)

    @cached_property
    def queue_dropped(self) -> Mask:
        """The server had actively reset several connections at once that had not got a byte, while this handshake was
        under way, and accepted none afterwards."""
        ago = self._server_dropped_unserved.dense(PAIR, AT_ONCE).before(self._rank, self._now)
        then = self._now - np.maximum(ago, 0)
        began = self._r.conn(Conn.T_SYNACK)
        return (ago >= 0) & (began > 0) & (then > began) & (self._accepted.after(self._rank, then) < 0)

    @cached_property
    def _served_ended(self) -> Timeline:
        by_server = (self._end & (End.SERVER_RST | End.SERVER_FIRST)) != 0
        served = self._r.neighbour(Log.SERVER_BYTES) > 0
        return self._line(self._services, by_server & served, self._r.neighbour(Log.T_END))

    @cached_property
    def served_ended_together(self) -> Column:
        """Connections of the service that had got bytes from it and that it ended within 100 ms."""
        return self._served_ended.count(self._rank, self._now - TOGETHER, self._now + TOGETHER)

    @cached_property
    def served_in_burst(self) -> Column:
        """Connections of that burst that had got bytes from the server; 0 when there was no burst."""
        size = self._served_ended.count(self._rank, self._burst - TOGETHER, self._burst + TOGETHER)
        return np.where(self.since_burst >= 0, size, 0)

    @cached_property
    def _server_reset_after_exchange(self) -> Mask:
        served = (self._r.neighbour(Log.SERVER_BYTES) > 0) & (self._r.neighbour(Log.CLIENT_BYTES) > 0)
        return served & ((self._end & End.SERVER_FIN) == 0) & ((self._end & End.SERVER_ACTIVE) != 0)

    @cached_property
    def resets_of_service(self) -> Column:
        """Connections in the log that the server reset actively, without a FIN, after an exchange."""
        line = self._line(self._services, self._server_reset_after_exchange, self._r.neighbour(Log.T_END))
        return line.total(self._rank)

    def _in_turn(self, keys: Keys, chosen: Mask) -> Timeline:
        began, ended = self._r.neighbour(Log.T_FIRST), self._r.neighbour(Log.T_END)
        chosen = chosen & (ended > 0)
        return Timeline.in_turn(keys, keys.rank[chosen], (began[chosen], ended[chosen]), AT_ONCE)

    @cached_property
    def resets_in_turn_of_service(self) -> Column:
        """The same, but those that ended together count once: a program that ends resets all that it has."""
        return self._in_turn(self._services, self._server_reset_after_exchange).total(self._rank)

    @cached_property
    def fins_of_service(self) -> Column:
        """Connections in the log that the server closed with a FIN after an exchange."""
        served = (self._r.neighbour(Log.SERVER_BYTES) > 0) & ((self._end & End.SERVER_FIN) != 0)
        return self._line(self._services, served, self._r.neighbour(Log.T_END)).total(self._rank)
