"""The connections of one capture, put together from its events: one row each, with what they can be known by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.compare.events import Event, Events
from whyrst.compare.lookup import Lookup
from whyrst.compare.survey import mixed
from whyrst.fast.layout import Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.compare.survey import Survey

    Cells = np.ndarray[Any, np.dtype[np.int64]]

NONE = -1
"""What is not known."""


@dataclass(eq=False)
class Conversations:
    """Connections as columns of equal length, in the order of `key` and `begin`; those of two ends and directions have
    the shape (2, n).

    The first row of such a column is the client's, the second the server's. A connection whose handshake is missing
    counts the end with the higher port as client.

    Attributes:
        key: hash of both ends.
        client_side: `Event.SIDE` of the client.
        begin: frame of its first event; connections of one key follow each other.
        time: time of its first event.
        known: a SYN or SYN-ACK told which end is the client.
        isn: initial sequence numbers.
        stamp: TSval of the SYN and of the SYN-ACK.
        ip_id: of the SYN and of the SYN-ACK.
        shape: hash of options, window and sizes of the SYN and of the SYN-ACK: what a stack and its settings choose.
        number: a sequence number that each direction used.
        print: fingerprint of each direction's first payload.
        asked: time of the client's first payload, or of its SYN.
        answered: time of the server's first payload.
        resets: how many.
        address: (2, 3, n): both halves of the address, and the port.
    """

    key: Cells
    client_side: Cells
    begin: Cells
    time: Cells
    known: np.ndarray[Any, np.dtype[np.bool_]]
    isn: Cells
    stamp: Cells
    ip_id: Cells
    shape: Cells
    number: Cells
    print: Cells
    asked: Cells
    answered: Cells
    resets: Cells
    address: Cells

    def __len__(self) -> int:
        return len(self.key)

    @cached_property
    def _rows(self) -> Lookup:
        """The first row of each key."""
        return Lookup(self.key)

    @cached_property
    def _last(self) -> Cells:
        """For each row the last one of its key."""
        ends = np.flatnonzero(np.append(self.key[1:] != self.key[:-1], True))
        return np.repeat(ends, np.diff(ends, prepend=-1))

    def of(self, key: Cells, frame: Cells) -> Cells:
        """The row of the connection that a segment belongs to, -1 when there is none."""
        if len(self) == 0:
            return np.full(len(key), NONE)
        low = self._rows.first(key)
        high = np.where(low >= 0, self._last[low], low)
        # Of several with that key the last one that had begun, by halving what is left.
        while len(left := np.flatnonzero(low < high)):
            middle = (low[left] + high[left] + 1) // 2
            begun = self.begin[middle] <= frame[left]
            low[left] = np.where(begun, middle, low[left])
            high[left] = np.where(begun, high[left], middle - 1)
        return low


def conversations(survey: Survey) -> Conversations:
    """Put the events of a capture together."""
    marks, samples = survey.marks, survey.samples
    # Of what was in use before the capture began, and said nothing in it, a few plain segments may be all.
    quiet = samples.take(~Lookup(marks[Event.KEY]).holds(samples[Event.KEY]))
    events = Events.joined([marks, quiet])
    if len(quiet):
        events = events.take(np.argsort(events[Event.FRAME], kind="stable"))
    events = events.take(np.argsort(events[Event.KEY], kind="stable"))
    flags = events[Event.FLAGS]
    opening = (flags & (Flag.SYN | Flag.RST)) == Flag.SYN
    syn = opening & ((flags & Flag.ACK) == 0)
    starts = _starts(events, syn)
    group = np.cumsum(starts) - 1
    n = int(group[-1]) + 1 if len(group) else 0
    first = np.flatnonzero(starts)
    reply = opening & ~syn
    side = events[Event.SIDE]
    # The end with the higher port is taken for the client, unless a SYN or SYN-ACK tells.
    ends = events.take(first)
    guess = np.where(ends[Event.SPORT] >= ends[Event.DPORT], ends[Event.SIDE], 1 - ends[Event.SIDE])
    told = _first(group, n, opening)
    client = np.where(told >= 0, np.where(syn, side, 1 - side)[told], guess)
    mine = side == client[group]
    payload = events[Event.PRINT] >= 0
    usable = (flags & Flag.RST) == 0
    syns = [_first(group, n, mask) for mask in (syn & mine, reply & ~mine)]
    words = [_first(group, n, mask) for mask in (payload & mine, payload & ~mine)]
    plain = [_first(group, n, mask) for mask in (usable & mine, usable & ~mine)]
    begun = _first(group, n, (payload | syn) & mine)

    def of(at: Cells, *cells: Event) -> Cells:
        """A cell of one event per connection, or a hash of several; NONE where there is no event."""
        rows = events.take(at)
        values = rows[cells[0]] if len(cells) == 1 else mixed(*(rows[cell] for cell in cells)) & 0x7FFFFFFFFFFFFFFF
        return np.where(at >= 0, values, NONE)

    isn = np.stack([of(at, Event.SEQ) for at in syns])
    # A SYN-ACK tells the number of a SYN that was not captured.
    isn[0] = np.where((isn[0] < 0) & (isn[1] >= 0), (of(syns[1], Event.ACK) - 1) & 0xFFFFFFFF, isn[0])

    def both(two: Sequence[Cells], *cells: Event) -> Cells:
        return np.stack([of(at, *cells) for at in two])

    asked = np.where(words[0] >= 0, words[0], np.where(begun >= 0, begun, first))
    return Conversations(
        key=ends[Event.KEY],
        client_side=client,
        begin=ends[Event.FRAME],
        time=ends[Event.TIME],
        known=told >= 0,
        isn=isn,
        stamp=both(syns, Event.TSVAL),
        ip_id=both(syns, Event.IP_ID),
        shape=both(syns, Event.OPTIONS, Event.WINDOW, Event.MSS, Event.WSCALE),
        number=both(plain, Event.SEQ),
        print=both(words, Event.PRINT),
        asked=of(asked, Event.TIME),
        answered=of(words[1], Event.TIME),
        resets=np.bincount(group[~usable], minlength=n),
        address=_addresses(ends, client),
    )


def _starts(events: Events, syn: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Where a connection begins: at a new pair of ends, or at a SYN with another number than the one before."""
    starts = np.zeros(len(events), dtype=bool)
    if len(events) == 0:
        return starts
    key = events[Event.KEY]
    starts[0] = True
    starts[1:] = key[1:] != key[:-1]
    at = np.flatnonzero(syn)
    if len(at) == 0:
        return starts
    again = np.zeros(len(at), dtype=bool)
    same = (key[at[1:]] == key[at[:-1]]) & (events[Event.SIDE][at[1:]] == events[Event.SIDE][at[:-1]])
    again[1:] = same & (events[Event.SEQ][at[1:]] == events[Event.SEQ][at[:-1]])
    starts[at[~again]] = True
    return starts


def _first(group: Cells, n: int, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> Cells:
    """Of each group the first row in the mask, NONE when there is none."""
    found = np.full(n, NONE)
    at = np.flatnonzero(mask)[::-1]
    found[group[at]] = at
    return found


def _addresses(first: Events, client: Cells) -> Cells:
    """Both ends of connections, from their first events."""
    source = np.stack([first[cell] for cell in (Event.SRC_HI, Event.SRC_LO, Event.SPORT)])
    target = np.stack([first[cell] for cell in (Event.DST_HI, Event.DST_LO, Event.DPORT)])
    forth = first[Event.SIDE] == client
    return np.stack((np.where(forth, source, target), np.where(forth, target, source)))


def crossed(a: Conversations, left: Cells, b: Conversations, right: Cells) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Where two captures of one connection take different ends for the client: one of them lacks the handshake.

    Args:
        a: connections of one capture.
        left: rows there.
        b: connections of the other.
        right: the same ones there.
    """
    one, two = a.address[:, :, left], b.address[:, :, right]
    ends = [[(one[i] == two[j]).all(axis=0).astype(np.int64) for j in (0, 1)] for i in (0, 1)]
    found: np.ndarray[Any, np.dtype[np.bool_]] = ends[0][1] + ends[1][0] > ends[0][0] + ends[1][1]
    return found & ~(a.known[left] & b.known[right])
