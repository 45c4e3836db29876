"""One end of a conversation: its sequence numbers, its habits, and what a script can make it do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whyrst.lab.wire import options as opt
from whyrst.lab.wire.segment import ACK, FIN, PSH, RST, SYN, WRAP, Segment

if TYPE_CHECKING:
    from whyrst.lab.wire.host import Host

Post = Callable[[Segment], Segment]
"""Puts a segment on the wire."""


class Side:
    """One end. Every method that sends gives the segment; keywords override any field of it.

    The keyword `at` says when it is sent (seconds on the capture's clock); else it follows the last step.

    Attributes:
        nxt: SND.NXT, the next sequence number to send.
        rcv: RCV.NXT, the next one expected of the peer.
        reading: Whether the program reads what arrives; if not, the window shrinks.
        window: Window field of the next segment, unscaled.
    """

    def __init__(
        self, name: str, host: Host, isn: int, ip_id: int, flow: int, clock: Callable[[Side, float | None], float]
    ) -> None:
        self.name = name
        self.host = host
        self.habit = host.habit
        self.isn = self.nxt = isn
        self.rcv = 0
        self.window = self.habit.window
        self.reading = True
        self.scale = self.habit.scale
        self.stamps = self.habit.timestamps
        self.echo = 0
        self.tos = host.tos
        self.offload = False
        self._flow = flow
        self._ip_id = ip_id
        self._clock = clock
        self._early: list[Segment] = []
        self.peer: Side
        self.post: Post

    # What scripts call.

    def syn(self, **fields: Any) -> Segment:
        """Ask for a connection."""
        at = fields["at"] = self._clock(self, fields.get("at"))
        stamp = (self.host.stamp(at), 0) if self.stamps else None
        fields.setdefault("options", self.habit.syn_options(self.habit.mss, stamp, scaled=True))
        return self._send(fields, flags=SYN, seq=self.isn, ack=0, window=self.habit.syn_window)

    def syn_ack(self, **fields: Any) -> Segment:
        """Answer a SYN, offering what both sides know."""
        at = fields["at"] = self._clock(self, fields.get("at"))
        stamp = (self.host.stamp(at), self.echo) if self.stamps else None
        scaled = self.scale is not None
        fields.setdefault("options", self.habit.syn_options(self.habit.mss, stamp, scaled=scaled))
        # The request socket has no counter yet (ip_select_ident_segs).
        fields.setdefault("ip_id", 0 if self.habit.ids != "host" else self.host.next_id())
        return self._send(fields, flags=SYN | ACK, seq=self.isn, window=self.habit.synack_window)

    def ack(self, **fields: Any) -> Segment:
        """Acknowledge what has arrived."""
        return self._send(fields, flags=ACK)

    def send(self, data: bytes, **fields: Any) -> Segment:
        """Send data in one segment."""
        return self._send(fields, flags=ACK | PSH, payload=data)

    def stream(self, data: bytes, **fields: Any) -> list[Segment]:
        """Send data in segments of full size, or in one when the network card cuts it (`offload`)."""
        size = 65160 if self.offload else self.habit.mss - (12 if self.stamps else 0)
        parts = [data[start : start + size] for start in range(0, len(data), size)]
        return [self._send(fields, flags=ACK | (PSH if part is parts[-1] else 0), payload=part) for part in parts]

    def fin(self, **fields: Any) -> Segment:
        """Close this direction."""
        return self._send(fields, flags=FIN | ACK)

    def again(self, segment: Segment, **fields: Any) -> Segment:
        """Retransmit: same bytes, new time, IP ID and timestamps."""
        if segment.flags & SYN:
            return (self.syn_ack if segment.flags & ACK else self.syn)(**fields)
        return self._send(fields, flags=segment.flags, seq=segment.seq, payload=segment.payload)

    def probe(self, **fields: Any) -> Segment:
        """Keep-alive or window probe: one byte below SND.NXT (RFC 9293 section 3.8.4)."""
        return self._send(fields, flags=ACK, seq=(self.nxt - 1) % WRAP, payload=self.habit.probe_payload)

    def abort(self, **fields: Any) -> Segment:
        """Reset as a live socket does (tcp_send_active_reset): RST,ACK with the socket's own habits."""
        if not self.habit.abort_window:
            fields.setdefault("window", 0)
        return self._send(fields, flags=RST | ACK)

    def refuse(self, segment: Segment, *, known: bool = False, **fields: Any) -> Segment:
        """Answer a segment that fits no connection (tcp_v4_send_reset; RFC 9293 section 3.10.7.1).

        Args:
            segment: What arrived.
            known: Whether a socket for it exists still, whose IPv6 flow label is used then.
            fields: As in every method.
        """
        if segment.flags & ACK:
            fields = {"flags": RST, "seq": segment.ack, "ack": 0} | fields
        else:
            fields = {"flags": RST | ACK, "seq": 0, "ack": segment.end} | fields
        fields.setdefault("ip_id", self.host.next_id() if self.habit.ids == "host" else 0)
        fields.setdefault("tos", segment.tos)
        fields.setdefault("flow", self._flow if known else self._flow ^ 0x5A5A5)
        fields.setdefault("at", self.arrival(segment) + 0.00008)
        return self._send(fields, window=0, options=b"")

    def arrival(self, segment: Segment) -> float:
        """When a segment of the peer reaches this side."""
        return segment.sent + self.delay

    # What the path calls.

    delay: float = 0.0
    """Seconds that a segment needs from one end to the other."""

    def take(self, segment: Segment) -> None:
        """Receive a segment that has arrived."""
        if segment.flags & SYN:
            self._agree(segment)
        stamped = len(segment.options) == 12 and segment.options[2] == 8  # noqa: PLR2004 (NOP, NOP, timestamps)
        if stamped and segment.seq == self.rcv:
            self.echo = int.from_bytes(segment.options[4:8], "big")
        if segment.flags & RST:
            return
        self._early.append(segment)
        for waiting in sorted(self._early, key=lambda one: (one.seq - self.rcv) % WRAP):
            if waiting.seq == self.rcv and waiting.end != waiting.seq:
                self.rcv = waiting.end
                if not self.reading:
                    self.window = max(0, self.window - (len(waiting.payload) >> (self.scale or 0)))
        self._early = [one for one in self._early if 0 < (one.seq - self.rcv) % WRAP < WRAP // 2]

    def _agree(self, syn: Segment) -> None:
        """Take over what the peer's SYN offers (RFC 7323: an option holds only when both offer it)."""
        self.rcv = syn.end
        offered = _kinds(syn.options)
        self.stamps = self.stamps and 8 in offered  # noqa: PLR2004 (option kind)
        if 3 not in offered:  # noqa: PLR2004 (option kind)
            self.scale = None
            self.window = max(self.window, self.habit.syn_window)
        if self.stamps:
            self.echo = int.from_bytes(offered[8][:4], "big")

    def _send(self, asked: dict[str, Any], **usual: Any) -> Segment:
        """Build a segment from this side's state, the step's usual fields and what the script asks for; post it."""
        fields = usual | asked
        at = self._clock(self, fields.pop("at", None))
        length = len(fields.get("payload", b""))
        ip_id = fields.pop("ip_id", None)
        start = Segment(
            sender=self.name,
            sent=at,
            seq=self.nxt,
            ack=self.rcv,
            flags=ACK,
            window=self.window,
            options=opt.padded(opt.NOP * 2 + opt.timestamps(self.host.stamp(at), self.echo)) if self.stamps else b"",
            ttl=self.host.initial_ttl,
            ip_id=self._next_id(length) if ip_id is None else ip_id,
            tos=self.tos,
            flow=self._flow,
            df=self.habit.df,
        )
        segment = replace(start, **fields)
        if segment.flags & SYN or not (segment.flags & RST or "seq" in fields):
            self.nxt = segment.end
        return self.post(segment)

    def _next_id(self, length: int) -> int:
        """IP identification of the next segment; a super-segment uses one for each segment cut from it."""
        if self.habit.ids == "zero":
            return 0
        if self.habit.ids == "host":
            return self.host.next_id()
        current = self._ip_id
        self._ip_id = (current + max(1, -(-length // (self.habit.mss - 12)))) & 0xFFFF
        return current


def _kinds(options: bytes) -> dict[int, bytes]:
    """Options by kind."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(options) and options[at]:
        if options[at] == 1:
            at += 1
            continue
        size = options[at + 1]
        found[options[at]] = options[at + 2 : at + size]
        at += size
    return found
