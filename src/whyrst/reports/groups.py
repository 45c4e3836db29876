"""Who resets whom: counts of the pairs of hosts, in bounded memory however many there are.

Keys are 64-bit hashes that come with the judged columns, so counting needs no address; addresses are asked for
the few groups that will be shown. A group can only rise to the top in a batch that holds one of its resets, so
that batch can always name it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.reports.source import Judged

    Array = np.ndarray[Any, np.dtype[np.int64]]

LIMIT = 4096
"""Groups that one tally remembers."""

SHOWN = 3
"""Groups that are shown, and so named."""

_MIX = np.int64(-7046029254386353131)
"""Odd 64-bit constant (2**64 divided by the golden ratio) that spreads hashes before they are combined."""


def _none() -> Array:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Ends:
    """The two ends of one reset, as the verdict writes them."""

    client: str
    server: str
    by_server: bool


@dataclass
class Tally:
    """How often each key came; when there are too many, those that came least are forgotten.

    The keys on top are named. Among equals a named key stays on top, so that no key rises without having come.
    """

    limit: int = LIMIT
    keys: Array = field(default_factory=_none)
    counts: Array = field(default_factory=_none)
    total: int = 0
    crowded: bool = False
    """Some keys were forgotten: the number of keys is a lower bound."""
    named: dict[int, Ends] = field(default_factory=dict)

    def add(self, keys: Array, ends: Callable[[int], Ends]) -> None:
        """Count keys; `ends` gives the ends of the reset whose key stands at an index."""
        self.total += len(keys)
        distinct, counts = np.unique(keys, return_counts=True)
        if self.crowded:
            distinct, counts = self._add_known(distinct, counts)
        if distinct.size:
            self._add_new(distinct, counts.astype(np.int64))
        self.named = {key: self.named.get(key) or ends(int(np.argmax(keys == key))) for key, _ in self._top()}

    def _add_known(self, distinct: Array, counts: Array) -> tuple[Array, Array]:
        """Count the keys that are remembered and give back those that are not and came more than once.

        Where almost every key comes once only, to merge and forget them all again would take most of the time.
        """
        place = np.minimum(np.searchsorted(self.keys, distinct), self.keys.size - 1)
        known = self.keys[place] == distinct
        self.counts[place[known]] += counts[known]
        new = ~known & (counts > 1)
        return distinct[new], counts[new]

    def _add_new(self, distinct: Array, counts: Array) -> None:
        """Merge sorted keys with those that are remembered."""
        if self.keys.size:
            counts = np.concatenate((self.counts, counts))
            self.keys, place = np.unique(np.concatenate((self.keys, distinct)), return_inverse=True)
            self.counts = np.bincount(place, weights=counts).astype(np.int64)
        else:
            self.keys, self.counts = distinct, counts
        if self.keys.size > self.limit:
            self.crowded = True
            keep = np.sort(np.argpartition(self._score(), -self.limit)[-self.limit :])
            self.keys, self.counts = self.keys[keep], self.counts[keep]

    def top(self) -> list[tuple[Ends, int]]:
        """What came most, with its counts."""
        return [(self.named[key], count) for key, count in self._top()]

    def _score(self) -> Array:
        """Counts, made so that a named key is more than its equals."""
        score = self.counts * 2
        names = np.fromiter(self.named, dtype=np.int64, count=len(self.named))
        score[np.searchsorted(self.keys, names)] += 1
        return score

    def _top(self) -> list[tuple[int, int]]:
        score = self._score()
        found = []
        for _ in range(min(SHOWN, score.size)):
            best = int(np.argmax(score))
            found.append((int(self.keys[best]), int(self.counts[best])))
            score[best] = -1
        return found


@dataclass
class Groups:
    """Resets of one cause by pair of hosts, by server and by client."""

    pairs: Tally = field(default_factory=Tally)
    servers: Tally = field(default_factory=Tally)
    clients: Tally = field(default_factory=Tally)

    def add(self, judged: Judged, rows: Array, ends: Callable[[int], Ends]) -> None:
        """Count these rows of a batch; `ends` is asked for the few rows that give a group its name."""
        side = judged.sender_side[rows].astype(np.int64)
        server = (judged.server_key[rows] * _MIX) ^ side
        client = (judged.client_key[rows] * _MIX) ^ side
        for tally, keys in ((self.pairs, server * _MIX + client), (self.servers, server), (self.clients, client)):
            tally.add(keys, lambda at: ends(int(rows[at])))


def who(groups: Groups) -> list[str]:
    """Say who resets whom, in at most four lines, folded to the side that fewer hosts share."""
    pairs, servers, clients = groups.pairs, groups.servers, groups.clients
    if len(pairs.keys) <= SHOWN and not pairs.crowded:
        return [_pair(ends, times) for ends, times in pairs.top()]
    by_server = len(servers.keys) <= len(clients.keys)
    few, many = (servers, clients) if by_server else (clients, servers)
    several = _several(len(many.keys), "client" if by_server else "server", crowded=many.crowded)
    if len(few.keys) == 1:
        return [_folded(few.top()[0][0], several, by_server=by_server)]
    if len(few.keys) == len(many.keys):
        lines = [_pair(ends, times) for ends, times in pairs.top()]
        rest, left = len(pairs.keys) - len(lines), pairs.total - sum(times for _, times in pairs.top())
        lines.append(f"and {_several(rest, 'other pair', crowded=pairs.crowded)}{_times(left)}")
        return lines
    top = few.top()
    others = "clients" if by_server else "servers"
    lines = [_folded(ends, others, by_server=by_server) + _times(times) for ends, times in top]
    if len(few.keys) > len(top):
        more = _several(len(few.keys) - len(top), "more server" if by_server else "more client", crowded=few.crowded)
        lines.append(f"and {more}{_times(few.total - sum(times for _, times in top))}")
    if lines:
        lines[0] += f" ({several} in all)"
    return lines


def without_port(endpoint: str) -> str:
    """The address of `ip:port` or `[ip]:port`."""
    return endpoint.rpartition(":")[0].strip("[]")


def _pair(ends: Ends, count: int) -> str:
    client = ends.client if count == 1 else without_port(ends.client)
    sender, receiver = (ends.server, client) if ends.by_server else (client, ends.server)
    return f"{sender} -> {receiver}{_times(count)}"


def _folded(ends: Ends, others: str, *, by_server: bool) -> str:
    one = ends.server if by_server else without_port(ends.client)
    return f"{one} -> {others}" if ends.by_server == by_server else f"{others} -> {one}"


def _several(number: int, noun: str, *, crowded: bool) -> str:
    return f"{'over ' if crowded else ''}{number:,} {noun}{'s' if number != 1 else ''}"


def _times(count: int) -> str:
    return f"  x{count:,}" if count > 1 else ""
