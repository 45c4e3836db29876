"""Other connections of the same hosts around a reset, from the log of recent connections.

The log holds the latest connections (`connections.tracker.LINES`), those that follow a reset included, because
resets are judged late. "Service" is the server's address and port.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Conn, Dir, End, Log
from whyrst.resets.facts import MINUTE, MS, SECOND, Fact, ahead, distinct, one_of
from whyrst.resets.services import Services
from whyrst.resets.timeline import TIME_BITS, Keys, Timeline, mix

if TYPE_CHECKING:
    from whyrst.resets.facts import Column, Mask

RACE = 300 * MS
"""Happy Eyeballs' second attempt starts 250 ms after the first (RFC 8305 section 5)."""

MANY_HOPS = 256
"""More than any TTL."""


class Neighbours(Services):
    """Neighbours of the resets of a batch: services, hosts and clients."""

    # The host.

    @cached_property
    def _hosts(self) -> Keys:
        return Keys(self._host, self._start)

    @cached_property
    def host_accepts(self) -> Column:
        """Connections that the server's host accepted, on any port, within a minute before or after."""
        times = self._r.neighbour(Log.T_SYNACK)
        line = self._line(self._hosts, times > 0, times)
        return line.count(self._hosts.find(self.host_key), self._now - MINUTE, self._now + MINUTE)

    @cached_property
    def ttl_as_elsewhere(self) -> Fact:
        """The reset's TTL is the one that its source address had in other connections of the log.

        Unknown when the address was not seen elsewhere, or with several TTLs.
        """
        mine = np.where(self._r.by_client, self.client_key, self.host_key)
        low = np.full(len(self._r), MANY_HOPS)
        high = np.full(len(self._r), -1)
        for keys, cell in ((self._hosts, Log.SERVER_TTL), (self._clients, Log.CLIENT_TTL)):
            ttl = self._r.neighbour(cell)
            known = ttl >= 0
            least, most = np.full(len(keys.unique) + 1, MANY_HOPS), np.full(len(keys.unique) + 1, -1)
            np.minimum.at(least, keys.rank[known], ttl[known])
            np.maximum.at(most, keys.rank[known], ttl[known])
            at = keys.find(mine)  # -1, the last one, when it is none of these
            low, high = np.minimum(low, least[at]), np.maximum(high, most[at])
        return Fact.of(self._r.seg(Seg.TTL) == low, low == high)

    @cached_property
    def labels_elsewhere(self) -> Mask:
        """The reset's source address gave IPv6 flow labels to its packets in another connection of the log."""
        local = self._r.neighbour(Log.LOCAL)
        known = np.concatenate([self._client[(local & 4) != 0], self._host[(local & 8) != 0]])
        return one_of(np.where(self._r.by_client, self.client_key, self.host_key), distinct(known))

    def captured_there(self, key: Column) -> Mask:
        """Some connection of the log shows that packets of this address were captured on its own host.

        Args:
            key: hash of an address, per reset.
        """
        local = self._r.neighbour(Log.LOCAL)
        known = np.concatenate([self._client[(local & 1) != 0], self._host[(local & 2) != 0]])
        return one_of(key, distinct(known))

    # The client.

    @cached_property
    def _clients(self) -> Keys:
        return Keys(self._client, self._start)

    @cached_property
    def _client_rank(self) -> Column:
        return self._clients.find(self.client_key)

    @cached_property
    def fan_out(self) -> Column:
        """Different services that the client turned to within 10 seconds before or after."""
        times = self._r.neighbour(Log.T_FIRST)
        pair = mix(self._client, self._service)
        _, first = np.unique(pair, return_index=True)
        line = Timeline(self._clients, self._clients.rank[first], times[first])
        return line.count(self._client_rank, self._now - 10 * SECOND, self._now + 10 * SECOND)

    @cached_property
    def _pairs(self) -> Keys:
        return Keys(mix(self._client, self._service), self._start)

    @cached_property
    def _pair_rank(self) -> Column:
        return self._pairs.find(mix(self.client_key, self.service_key))

    @cached_property
    def _exchanged(self) -> Mask:
        log = self._r.neighbour
        return (log(Log.SERVER_BYTES) > 0) & (log(Log.CLIENT_BYTES) > 0)

    @cached_property
    def _client_reset_after_exchange(self) -> Mask:
        fins = End.CLIENT_FIN | End.SERVER_FIN
        return self._exchanged & ((self._end & End.CLIENT_RST) != 0) & ((self._end & fins) == 0)

    @cached_property
    def resets_of_client(self) -> Column:
        """The client's connections to the service, in the log, that it reset after an exchange without any FIN."""
        line = self._line(self._pairs, self._client_reset_after_exchange, self._r.neighbour(Log.T_END))
        return line.total(self._pair_rank)

    @cached_property
    def resets_in_turn_of_client(self) -> Column:
        """The same, but those that ended together count once: a program that ends resets all that it has."""
        return self._in_turn(self._pairs, self._client_reset_after_exchange).total(self._pair_rank)

    @cached_property
    def fins_of_client(self) -> Column:
        """The client's connections to the service, in the log, that it closed with a FIN after an exchange."""
        closed = self._exchanged & ((self._end & End.CLIENT_FIN) != 0)
        return self._line(self._pairs, closed, self._r.neighbour(Log.T_END)).total(self._pair_rank)

    @cached_property
    def probe_period(self) -> Column:
        """Rhythm, in nanoseconds, of the client's connections to the service that carried no payload; 0 for none."""
        log = self._r.neighbour
        empty = (log(Log.CLIENT_BYTES) + log(Log.SERVER_BYTES)) == 0
        line = self._line(self._pairs, empty & (log(Log.T_SYNACK) > 0), log(Log.T_FIRST))
        return line.period(self._pair_rank, self._r.conn(Conn.FIRST_TIME))

    @cached_property
    def sibling(self) -> Fact:
        """The client had another attempt, to the same host or, over the other IP version, to the same port, that
        began within 300 ms of this one and went on (was accepted and carried payload)."""
        log = self._r.neighbour
        lived = (log(Log.T_SYNACK) > 0) & ((log(Log.CLIENT_BYTES) + log(Log.SERVER_BYTES)) > 0)
        times, stream = log(Log.T_SYN)[lived], log(Log.STREAM)[lived]
        order = np.argsort(times, kind="stable")
        times, stream = times[order], stream[order]
        client, host = self._client[lived][order], self._host[lived][order]
        v6 = log(Log.CLIENT_HI)[lived][order] != 0
        port = (log(Log.PORTS) & 0xFFFF)[lived][order]
        syn = self._r.conn(Conn.T_SYN)
        low = np.searchsorted(times, syn - RACE)
        high = np.searchsorted(times, syn + RACE, side="right")
        found = np.zeros(len(self._r), dtype=bool)
        mine6 = self._r.conn(Conn.CLIENT_HI) != 0
        my_port, my_stream = self._r.conn(Conn.PORTS) & 0xFFFF, self._r.conn(Conn.STREAM)
        for shift in range(SIBLINGS_TRIED):
            at = low + shift
            inside = (at < high) & (syn > 0)
            if not inside.any():
                break
            k = np.minimum(at, max(len(times) - 1, 0))
            same_host = (client[k] == self.client_key) & (host[k] == self.host_key)
            other_family = (v6[k] != mine6) & (port[k] == my_port)
            found |= inside & (same_host | other_family) & (stream[k] != my_stream)
        return Fact.of(found, syn > 0)

    @cached_property
    def twin(self) -> Fact:
        """The client's same port talks to another server in the same sequence space: a packet of that connection
        came from an address that was not translated back (Kubernetes, conntrack INVALID)."""
        log = self._r.neighbour
        key = mix(self._client, log(Log.PORTS) >> 16)
        order = np.argsort(key, kind="stable")
        key = key[order]
        # The peer of such a reset was taken for the server or, mid-stream, for the client.
        found = np.zeros(len(self._r), dtype=bool)
        sides = (
            (self._r.by_client, self.client_key, self._r.conn(Conn.PORTS) >> 16),
            (self._r.by_server, self.host_key, self._r.conn(Conn.PORTS) & 0xFFFF),
        )
        seq = self._r.seg(Seg.SEQ)
        for chosen, address, port in sides:
            low = np.searchsorted(key, mix(address, port))
            high = np.searchsorted(key, mix(address, port), side="right")
            for shift in range(4):
                inside = chosen & (low + shift < high)
                if not inside.any():
                    break
                k = order[np.minimum(low + shift, len(order) - 1)]
                other = log(Log.STREAM)[k] != self._r.conn(Conn.STREAM)
                near = np.abs(ahead(log(Log.CLIENT_NXT)[k], seq)) < (1 << 20)
                alive = (log(Log.T_FIRST)[k] <= self._now) & (log(Log.T_SYNACK)[k] > 0)
                found |= inside & other & near & alive & (log(Log.CLIENT_NXT)[k] >= 0)
        return Fact.of(found, found | (not self._r.live))

    # Resets of this batch.

    @cached_property
    def _lost(self) -> Mask:
        """The sender had spoken in a connection that nobody had ended, fell silent, and answered a segment of it with
        a bare RST: it had lost the connection."""
        r = self._r
        alive = r.progress.first & ~r.progress.sender_fin & ~r.progress.peer_fin & (r.sender(Dir.PACKETS) > 0)
        return r.shape.bare & alive & r.progress.synchronized & (r.silences.sender >= SECOND) & r.trigger.prompt.yes

    @cached_property
    def lost_connections(self) -> Column:
        """Connections that the reset's sender lost within a minute before or after, this one included."""
        return self._lost_by(self._r.conn(Conn.STREAM))

    @cached_property
    def lost_services(self) -> Column:
        """Different services among them: ports of the sender, or, when it is the client, services that it used."""
        return self._lost_by(np.where(self._r.by_server, self._r.conn(Conn.PORTS) & 0xFFFF, self.service_key))

    def _lost_by(self, what: Column) -> Column:
        sender = np.where(self._r.by_server, self.host_key, self.client_key)
        keys = Keys(sender, int(self._now.min()) if len(self._r) else 0)
        lost = np.flatnonzero(self._lost)
        _, first = np.unique(mix(sender[lost], what[lost]), return_index=True)
        line = Timeline(keys, keys.rank[lost][first], self._now[lost][first])
        return line.count(keys.rank, self._now - MINUTE, self._now + MINUTE)

    @cached_property
    def host_lived_through(self) -> Fact:
        """Another connection of the server's host began before the reset's sender fell silent, went on after the
        reset, and was not reset by it: the host had not lost its state. Unknown when none is seen to."""
        log = self._r.neighbour
        kept = (log(Log.SERVER_BYTES) > 0) & ((self._end & End.SERVER_RST) == 0) & (log(Log.T_FIRST) > 0)
        keys = self._hosts
        began = (keys.rank[kept] << TIME_BITS) | keys.ticks(log(Log.T_FIRST)[kept])
        last = (keys.rank[kept] << TIME_BITS) | keys.ticks(log(Log.T_LAST)[kept])
        if len(began) == 0:
            return Fact.unknown(len(self._r))
        order = np.argsort(began)
        latest = np.maximum.accumulate(last[order])
        quiet, rank = self._r.sender(Dir.LAST_TIME), keys.find(self.host_key)
        at = np.searchsorted(began[order], (rank << TIME_BITS) | keys.ticks(quiet)) - 1
        mark = (rank << TIME_BITS) | keys.ticks(self._now)
        lived = (latest[np.maximum(at, 0)] > mark) & (latest[np.maximum(at, 0)] >> TIME_BITS == rank)
        found = (at >= 0) & (rank >= 0) & self._r.by_server & (quiet > 0) & lived
        return Fact.of(found, found)

    @cached_property
    def client_resets_alike(self) -> Column:
        """Connections of this client that it reset actively after about the same wait since its request, in this
        batch, this one included (waits alike within 2 %)."""
        wait = np.maximum(self._r.silences.turn, 1)
        bucket = np.round(np.log(wait) / np.log(1.02)).astype(np.int64)
        mine = self._r.by_client & self._r.shape.has_ack & (self._r.peer(Dir.BYTES) >= 0)
        key = mix(self.client_key, bucket)
        _, rank, count = np.unique(key[mine], return_inverse=True, return_counts=True)
        result = np.zeros(len(self._r), dtype=np.int64)
        result[mine] = count[rank]
        return result


SIBLINGS_TRIED = 64
"""Attempts within 300 ms that are looked at; more is a flood, not a race."""
