"""Other attempts to connect: of the same client, and at the same service, from the log of recent connections.

Counts are of one minute of the clock, the minute of the reset, so that a long capture is not one big attempt.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Conn, Dir, End, Log, Rst
from whyrst.resets.facts import MINUTE, Fact, distinct, one_of
from whyrst.resets.neighbours import RACE, SIBLINGS_TRIED
from whyrst.resets.timeline import mix
from whyrst.resets.vantage import CLIENT, HOST

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

SAME_MANY = 5
"""Attempts from which it can be told whether they keep a rhythm."""


def _tally(keys: Column, things: Column, wanted: Column) -> Column:
    """Different things of each wanted key."""
    pairs = np.unique(mix(keys, things), return_index=True)[1]
    found, count = np.unique(keys[pairs], return_counts=True)
    if len(found) == 0:
        return np.zeros(len(wanted), dtype=np.int64)
    at = np.minimum(np.searchsorted(found, wanted), len(found) - 1)
    return np.where(found[at] == wanted, count[at], 0).astype(np.int64)


class Attempts:
    """Attempts around the resets of a batch."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets
        log = resets.neighbour
        self._client = mix(log(Log.CLIENT_HI), log(Log.CLIENT_LO))
        self._host = mix(log(Log.SERVER_HI), log(Log.SERVER_LO))
        self._port = log(Log.PORTS) & 0xFFFF
        self._minute = log(Log.T_FIRST) // MINUTE
        self._end = log(Log.END)
        self._empty = (log(Log.CLIENT_BYTES) + log(Log.SERVER_BYTES)) == 0
        self._my_minute = resets.conn(Conn.FIRST_TIME) // MINUTE
        self._my_port = resets.conn(Conn.PORTS) & 0xFFFF

    @property
    def _my_client(self) -> Column:
        return self._r.neighbours.client_key

    @property
    def _my_host(self) -> Column:
        return self._r.neighbours.host_key

    # At the service.

    @cached_property
    def clients_refused(self) -> Column:
        """Different clients whose SYN the service refused."""
        refused = ((self._end & End.REFUSED) != 0) & (self._r.neighbour(Log.T_SYN) > 0)
        service = mix(self._host, self._port, self._minute)
        mine = mix(self._my_host, self._my_port, self._my_minute)
        return _tally(service[refused], self._client[refused], mine)

    @cached_property
    def services_refused(self) -> Column:
        """Different services that refused this client."""
        refused = ((self._end & End.REFUSED) != 0) & (self._r.neighbour(Log.T_SYN) > 0)
        who = mix(self._client, self._minute)
        return _tally(who[refused], mix(self._host, self._port)[refused], mix(self._my_client, self._my_minute))

    @cached_property
    def served(self) -> Column:
        """Connections of the service that got bytes from it."""
        served = self._r.neighbour(Log.SERVER_BYTES) > 0
        service = mix(self._host, self._port, self._minute)
        mine = mix(self._my_host, self._my_port, self._my_minute)
        return _tally(service[served], self._r.neighbour(Log.STREAM)[served], mine)

    @cached_property
    def dropped(self) -> Column:
        """Connections of the service that it dropped right after its SYN-ACK (`opening.dropped_by_server`), in this
        batch, this one included."""
        dropped = self._r.opening.dropped_by_server & (self._r.own(Rst.NUMBER) == 1)
        mine = mix(self._my_host, self._my_port, self._my_minute)
        return _tally(mine[dropped], self._r.conn(Conn.STREAM)[dropped], mine)

    @cached_property
    def ended_unserved(self) -> Column:
        """Different clients whose connection the service accepted and ended without having sent a byte."""
        by_server = (self._end & (End.SERVER_RST | End.SERVER_FIRST)) != 0
        unserved = by_server & (self._r.neighbour(Log.SERVER_BYTES) == 0) & (self._r.neighbour(Log.T_SYNACK) > 0)
        service = mix(self._host, self._port, self._minute)
        mine = mix(self._my_host, self._my_port, self._my_minute)
        return _tally(service[unserved], self._client[unserved], mine)

    # Of the client.

    @cached_property
    def _fruitless(self) -> Mask:
        """Attempts without a byte that did not end in the usual way: unanswered, refused, reset, or no SYN at all."""
        fins = End.CLIENT_FIN | End.SERVER_FIN
        return self._empty & ((self._r.neighbour(Log.T_SYN) == 0) | ((self._end & fins) == 0))

    @cached_property
    def ports_tried(self) -> Column:
        """Different ports of the server's host that the client tried without a byte."""
        pair = mix(self._client, self._host, self._minute)
        chosen = self._fruitless
        return _tally(pair[chosen], self._port[chosen], mix(self._my_client, self._my_host, self._my_minute))

    @cached_property
    def ports_missed(self) -> Column:
        """Of them, those that never accepted it: a search finds many, a program that knows its ports hardly one."""
        pair = mix(self._client, self._host, self._minute)
        chosen = self._fruitless & (self._r.neighbour(Log.T_SYNACK) > 0)
        accepted = _tally(pair[chosen], self._port[chosen], mix(self._my_client, self._my_host, self._my_minute))
        return self.ports_tried - accepted

    @cached_property
    def one_by_one(self) -> Mask:
        """It tried each of those ports about once; a program that wants them tries again."""
        pair = mix(self._client, self._host, self._minute)
        chosen = self._fruitless
        mine = mix(self._my_client, self._my_host, self._my_minute)
        tries = _tally(pair[chosen], self._r.neighbour(Log.STREAM)[chosen], mine)
        return tries * 2 < self.ports_tried * 3

    @cached_property
    def talked(self) -> Mask:
        """The client exchanged data with the server's host in other connections."""
        pairs = distinct(mix(self._client, self._host)[~self._empty])
        return one_of(mix(self._my_client, self._my_host), pairs) & self._r.progress.no_payload

    @cached_property
    def hosts_tried(self) -> Column:
        """Different hosts whose port of this number the client tried without a byte."""
        pair = mix(self._client, self._port, self._minute)
        chosen = self._fruitless
        return _tally(pair[chosen], self._host[chosen], mix(self._my_client, self._my_port, self._my_minute))

    @cached_property
    def unasked(self) -> Column:
        """Different servers that sent the client a SYN-ACK for which the capture holds no SYN, and got a reset."""
        log = self._r.neighbour
        stray = (log(Log.T_SYN) == 0) & (log(Log.T_SYNACK) > 0) & ((self._end & End.CLIENT_RST) != 0) & self._empty
        who = mix(self._client, self._minute)
        return _tally(who[stray], self._host[stray], mix(self._my_client, self._my_minute))

    @cached_property
    def ports_answered(self) -> Column:
        """Different ports of the server that sent SYN-ACKs to the client's one port, without a SYN of it, and got
        resets: one program that makes SYNs by hand asks them all from one port."""
        log = self._r.neighbour
        stray = (log(Log.T_SYN) == 0) & ((self._end & End.CLIENT_RST) != 0) & self._empty
        pair = mix(self._client, self._host, log(Log.PORTS) >> 16, self._minute)
        mine = mix(self._my_client, self._my_host, self._r.conn(Conn.PORTS) >> 16, self._my_minute)
        return _tally(pair[stray], self._port[stray], mine)

    @cached_property
    def asked(self) -> Mask:
        """The capture holds SYNs of this client to other services: its packets pass the point of capture."""
        log = self._r.neighbour
        keys = distinct(self._client[log(Log.T_SYN) > 0])
        return one_of(self._my_client, keys)

    @cached_property
    def ran_before(self) -> Column:
        """Nanoseconds that the capture had run when this connection first appeared in it."""
        first = self._r.neighbour(Log.T_FIRST)
        start = int(first.min()) if len(first) else 0
        return np.maximum(self._r.conn(Conn.FIRST_TIME) - start, 0)

    @cached_property
    def regular(self) -> Fact:
        """The client's empty connections to the service keep a rhythm; unknown while there are few."""
        period = self._r.neighbours.probe_period > 0
        pair = mix(self._client, self._host, self._port)
        opened = self._empty & (self._r.neighbour(Log.T_SYNACK) > 0)
        mine = mix(self._my_client, self._my_host, self._my_port)
        tries = _tally(pair[opened], self._r.neighbour(Log.STREAM)[opened], mine)
        return Fact.of(period, period | (tries >= SAME_MANY))

    @cached_property
    def _rivals(self) -> tuple[Mask, Mask]:
        """Whether another attempt began within 300 ms and went on to carry payload: to another port of the same host;
        to the same port over the other IP version (of whatever client)."""
        log = self._r.neighbour
        lived = (log(Log.T_SYNACK) > 0) & ~self._empty & (log(Log.T_SYN) > 0)
        order = np.argsort(log(Log.T_SYN)[lived], kind="stable")
        times = log(Log.T_SYN)[lived][order]
        client, host, port = (c[lived][order] for c in (self._client, self._host, self._port))
        v6 = log(Log.CLIENT_HI)[lived][order] != 0
        syn = self._r.conn(Conn.T_SYN)
        low, high = np.searchsorted(times, syn - RACE), np.searchsorted(times, syn + RACE, side="right")
        mine6 = self._r.conn(Conn.CLIENT_HI) != 0
        ports, families = np.zeros(len(self._r), dtype=bool), np.zeros(len(self._r), dtype=bool)
        for shift in range(SIBLINGS_TRIED):
            inside = (low + shift < high) & (syn > 0)
            if not inside.any():
                break
            k = np.minimum(low + shift, max(len(times) - 1, 0))
            same = (client[k] == self._my_client) & (host[k] == self._my_host)
            ports |= inside & same & (port[k] != self._my_port)
            families |= inside & (v6[k] != mine6) & (port[k] == self._my_port)
        return ports, families

    @cached_property
    def rival(self) -> Fact:
        """Another attempt of the client began within 300 ms, to another port of the same host or to the same port over
        the other IP version, and went on to carry payload.

        Two addresses of different versions are known to be one client's only where the capture was taken there.
        """
        ports, families = self._rivals
        here = one_of(self._r.vantage.code, (CLIENT, HOST))
        yes = ports | (families & here)
        return Fact.of(yes, (yes | ~families) & (self._r.conn(Conn.T_SYN) > 0))

    @cached_property
    def rival_perhaps(self) -> Mask:
        """The same, whoever's the attempt over the other IP version was."""
        ports, families = self._rivals
        return ports | families

    @cached_property
    def asks_again(self) -> Fact:
        """The client sent its SYN again after the reset, with the same number: it still wanted the connection."""
        r = self._r
        again = r.by_client & (r.own(Rst.SENDER_AFTER) > 0) & (r.sender(Dir.PACKETS) == r.sender(Dir.SYNS))
        quiet = r.own(Rst.SENDER_AFTER_TIME) - r.seg(Seg.TIME) < MINUTE
        return Fact.of(again & quiet, (again & quiet) | (r.aftermath.watched > MINUTE // 10))
