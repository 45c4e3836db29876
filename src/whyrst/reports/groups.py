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

LIMIT = 8192
"""Groups that one tally remembers."""

SHOWN = 3
"""Groups that are shown, and so named."""

_MIX = np.int64(-7046029254386353131)
"""Odd 64-bit constant (2**64 divided by the golden ratio) that spreads hashes before they are combined."""


def _none() -> Array:
    return np.zeros(0, dtype=np.int64)


@dataclass
class Tally:
    """How often each key came; when there are too many, those that came least are forgotten."""

    limit: int = LIMIT
    keys: Array = field(default_factory=_none)
    counts: Array = field(default_factory=_none)
    total: int = 0
    crowded: bool = False
    """Some keys were forgotten: the number of keys is a lower bound."""

    def add(self, keys: Array, counts: Array) -> None:
        """Count sorted distinct keys."""
        self.total += int(counts.sum())
        if self.keys.size == 0:
            self.keys, self.counts = keys, counts
        else:
            self.keys, place = np.unique(np.concatenate((self.keys, keys)), return_inverse=True)
            both = np.concatenate((self.counts, counts))
            self.counts = np.bincount(place, weights=both).astype(np.int64)
        if self.keys.size > self.limit:
            self.crowded = True
            keep = np.sort(np.argpartition(self.counts, -self.limit)[-self.limit :])
            self.keys, self.counts = self.keys[keep], self.counts[keep]

    def top(self, number: int = SHOWN) -> list[tuple[int, int]]:
        """The keys that came most, with their counts."""
        if self.keys.size > 64 * number:
            some = np.argpartition(self.counts, -number)[-number:]
        else:
            some = np.arange(self.keys.size)
        some = some[np.argsort(-self.counts[some], kind="stable")][:number]
        return [(int(self.keys[i]), int(self.counts[i])) for i in some]


@dataclass(frozen=True)
class Ends:
    """The two ends of one reset, as the verdict writes them."""

    client: str
    server: str
    by_server: bool


@dataclass
class Groups:
    """Resets of one cause by pair of hosts, by server and by client."""

    pairs: Tally = field(default_factory=Tally)
    servers: Tally = field(default_factory=Tally)
    clients: Tally = field(default_factory=Tally)
    ends: dict[int, Ends] = field(default_factory=dict)

    def add(self, judged: Judged, rows: Array, ends: Callable[[int], Ends]) -> None:
        """Count these rows of a batch and name the groups that are on top now."""
        side = judged.sender_side[rows].astype(np.int64)
        server = (judged.server_key[rows] * _MIX) ^ side
        client = (judged.client_key[rows] * _MIX) ^ side
        for tally, keys in (
            (self.pairs, server * _MIX + client),
            (self.servers, server),
            (self.clients, client + _MIX),
        ):
            distinct, first, counts = np.unique(keys, return_index=True, return_counts=True)
            tally.add(distinct, counts.astype(np.int64))
            for key, _ in tally.top():
                if key not in self.ends:
                    at = int(np.searchsorted(distinct, key))
                    self.ends[key] = ends(int(rows[first[at]]))
        if len(self.ends) > LIMIT:
            wanted = {key for tally in (self.pairs, self.servers, self.clients) for key, _ in tally.top()}
            self.ends = {key: self.ends[key] for key in wanted}


def who(groups: Groups) -> list[str]:
    """Say who resets whom, in at most four lines, folded to the side that fewer hosts share."""
    pairs, servers, clients = groups.pairs, groups.servers, groups.clients
    if len(pairs.keys) <= SHOWN and not pairs.crowded:
        return [_pair(groups.ends[key], count) for key, count in pairs.top()]
    by_server = len(servers.keys) <= len(clients.keys)
    few, many = (servers, clients) if by_server else (clients, servers)
    several = _several(len(many.keys), "client" if by_server else "server", crowded=many.crowded)
    if len(few.keys) == 1:
        return [_folded(groups.ends[few.top(1)[0][0]], several, by_server=by_server)]
    if len(few.keys) == len(many.keys):
        lines = [_pair(groups.ends[key], count) for key, count in pairs.top()]
        rest, left = len(pairs.keys) - len(lines), pairs.total - sum(count for _, count in pairs.top())
        lines.append(f"and {_several(rest, 'other pair', crowded=pairs.crowded)}{_times(left)}")
        return lines
    top = few.top()
    others = "clients" if by_server else "servers"
    lines = [_folded(groups.ends[key], others, by_server=by_server) + _times(count) for key, count in top]
    if len(few.keys) > len(top):
        more = _several(len(few.keys) - len(top), "more server" if by_server else "more client", crowded=few.crowded)
        lines.append(f"and {more}{_times(few.total - sum(count for _, count in top))}")
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
