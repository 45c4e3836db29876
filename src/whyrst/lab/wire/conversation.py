"""Two sides, the path between them, and the order of what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whyrst.lab.wire.segment import RST, WRAP, Segment
from whyrst.lab.wire.side import Side

if TYPE_CHECKING:
    import random

    from whyrst.lab.wire.host import Host

ANSWER = 0.00012
"""Seconds that a side needs to answer what reached it."""
PACE = 0.00002
"""Seconds between two segments that one side sends in a row."""


class Conversation:
    """A connection, or an attempt at one, between two hosts.

    Attributes:
        client: The side that asks.
        server: The side that is asked.
        segments: All that was sent so far.
    """

    def __init__(
        self, client: Host, server: Host, sport: int, dport: int, *, rtt: float, start: float, chance: random.Random
    ) -> None:
        """Set up both sides.

        Args:
            client: Host that asks.
            server: Host that is asked.
            sport: The client's port.
            dport: The server's port.
            rtt: Seconds there and back.
            start: When the first step takes place, seconds on the capture's clock.
            chance: For initial sequence numbers, IP IDs and flow labels.
        """
        self.sport, self.dport, self.rtt = sport, dport, rtt
        self.segments: list[Segment] = []
        self._pause = 0.0
        self._start = start
        self.client = self._side("client", client, chance)
        self.server = self._side("server", server, chance)
        self.client.peer, self.server.peer = self.server, self.client
        self._under_way: list[Segment] = []

    def _side(self, name: str, host: Host, chance: random.Random) -> Side:
        numbers = chance.getrandbits(32), chance.getrandbits(16), chance.getrandbits(20) | 1
        side = Side(name, host, *numbers, self._clock)
        side.delay = self.rtt / 2
        side.post = self._post
        return side

    def handshake(self) -> tuple[Segment, Segment, Segment]:
        """Open the connection: SYN, SYN-ACK, ACK."""
        return self.client.syn(), self.server.syn_ack(), self.client.ack()

    def exchange(self, request: bytes, answer: bytes, think: float = 0.0) -> list[Segment]:
        """Let the client ask and the server answer after `think` seconds; the client acknowledges."""
        sent = self.client.stream(request)
        self.wait(think)
        return [*sent, *self.server.stream(answer), self.client.ack()]

    def close(self, first: Side | None = None) -> list[Segment]:
        """Close in the usual way, FIN, FIN, ACK, the client first unless said otherwise."""
        first = first or self.client
        return [first.fin(), first.peer.fin(), first.ack()]

    def wait(self, seconds: float) -> None:
        """Let time pass before the next step."""
        self._pause += seconds

    def forge(self, sender: Side, **fields: Any) -> Segment:
        """Put a third party's reset on the wire as if `sender` had sent it, as seen at the tap.

        Without fields it is in sequence: bare RST at the sender's SND.NXT, window 0, no options, IP ID 0, TTL 64.
        """
        at = self._clock(None, fields.pop("at", None))
        start = {"seq": sender.nxt, "ack": 0, "flags": RST, "window": 0, "ttl": 64, "forged": True} | fields
        return self._post(Segment(sender=sender.name, sent=at, **start))

    def _clock(self, side: Side | None, at: float | None = None) -> float:
        """Say when a side takes the next step, unless that is given, and let it see all that has arrived by then."""
        pause, self._pause = self._pause, 0.0
        if at is None and not self.segments:
            at = self._start + pause
        elif at is None:
            last = self.segments[-1]
            follows = side is None or last.sender == side.name or last.forged
            at = last.sent + pause + (PACE if follows else self.rtt / 2 + ANSWER)
        if side is not None:
            self._deliver(side, at)
        return at

    def _deliver(self, side: Side, until: float) -> None:
        """Hand a side what has reached it by a time."""
        for segment in sorted(self._under_way, key=lambda one: one.sent):
            if segment.sender != side.name and side.arrival(segment) <= until:
                self._under_way.remove(segment)
                side.take(segment)

    def _post(self, segment: Segment) -> Segment:
        """Put a segment on the wire."""
        segment.seq %= WRAP
        segment.ack %= WRAP
        self.segments.append(segment)
        if not (segment.lost or segment.forged or segment.source or segment.destination):
            self._under_way.append(segment)
        return segment
