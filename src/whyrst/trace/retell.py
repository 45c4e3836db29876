"""A kernel event told as segments, so that the same tracker and the same judges can follow it.

Only what the kernel knew is told: the handshake when the flight recorder saw it, one segment for all payload of each
direction at the time when the latest of it passed, the closes that the socket's state implies, the segment that asked
for the reset byte by byte, and the reset as Linux builds it (net/ipv4/tcp_output.c tcp_send_active_reset,
net/ipv4/tcp_ipv4.c tcp_v4_send_reset). TTL, IP ID and the like are absent, not invented.
"""

from __future__ import annotations

import ipaddress
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from whyrst.fast.layout import Flag, IpFlag, Kind, Opt, Quality, Rec, Seg, Skip
from whyrst.fast.select import headers

if TYPE_CHECKING:
    import numpy.typing as npt

    from whyrst.kernel.event import KernelEvent, Numbers, Past

    Row = npt.NDArray[np.int64]

RAW = 101
"""LINKTYPE_RAW: packets begin with their IP header."""
SECOND = 1_000_000_000
BASE, WITH_TIMESTAMPS = 20, 32
"""Length of a TCP header without and with the timestamps option."""
MAPPED = 0xFFFF << 32
FIN_SENT = frozenset({"FIN_WAIT1", "FIN_WAIT2", "CLOSING", "LAST_ACK", "TIME_WAIT"})
FIN_TAKEN = frozenset({"CLOSE_WAIT", "CLOSING", "LAST_ACK", "TIME_WAIT"})
MASK, HALF = 0xFFFFFFFF, 1 << 31
LARGEST = 1 << 29
"""Bytes of a segment that is told, half the largest window (RFC 7323 section 2.3)."""
MOST = LARGEST << 11
"""Payload bytes of a side that are told, a terabyte."""
ACK = int(Flag.ACK)


class Numbering(NamedTuple):
    """Sequence numbers of a connection from this host's end: first payload byte and next number of both sides, and the
    payload bytes between them, which may be more than there are numbers."""

    first: int
    next: int
    peer_first: int
    peer_next: int
    sent: int
    received: int


def decode(packet: bytes, time: int) -> Row | None:
    """The segment of one packet that begins with its IP header; None when it holds none.

    Args:
        packet: its first bytes.
        time: ns since 1970.
    """
    records = np.zeros((1, Rec.COUNT), dtype=np.int64)
    records[0, [Rec.CAPTURED, Rec.WIRE, Rec.TIME, Rec.LINK, Rec.KEEP]] = len(packet), wire_length(packet), time, RAW, 1
    rows = np.zeros((1, Seg.COUNT), dtype=np.int64)
    skips = np.zeros(Skip.COUNT, dtype=np.int64)
    found = headers.decode(memoryview(packet), records.data, 1, 1, rows.data, skips.data)
    return rows[0] if found else None


def wire_length(packet: bytes) -> int:
    """Bytes of a packet on the wire, by its IP header."""
    if len(packet) < BASE:
        return len(packet)
    at, extra = (2, 0) if packet[0] >> 4 == 4 else (4, 40)  # noqa: PLR2004 - IPv4's total length, IPv6's payload length
    return max(int.from_bytes(packet[at : at + 2], "big") + extra, len(packet))


class Teller:
    """Tells one event.

    Args:
        event: what happened.
        packet: the reset as it was seen on the wire, from its IP header on, if it was.
        buffer: gets the packets that segments were read from; their offsets of payload and name count in it.
    """

    def __init__(self, event: KernelEvent, packet: bytes = b"", buffer: bytearray | None = None) -> None:
        ends = event.ends
        assert ends is not None, "an event without addresses cannot be told"
        self._event = event
        self._packet = packet
        self._buffer = bytearray() if buffer is None else buffer
        self._local, self._remote = _endpoint(ends.local), _endpoint(ends.remote)
        self.rows: list[Row] = []

    def history(self) -> list[Row]:
        """What came before the segment that asked for the reset."""
        event = self._event
        past, numbers = event.past, event.numbers if event.state != "LISTEN" else None
        self.rows = []
        if event.state == "SYN_SENT" and numbers is not None:
            self._add(past.opened if past else event.time, True, Flag.SYN, numbers.snd_nxt - 1, 0)
            return self.rows
        if numbers is None and (past is None or past.ended is None or past.before == "SYN_SENT"):
            self._connecting(past)
            return self.rows
        state = event.state if numbers is not None else (past.before if past else None) or ""
        count = _numbering(numbers, past, state)
        if past is not None:
            self._handshake(past, count)
        if numbers is not None:
            self._payload(numbers, count)
        elif past is not None:
            self._past_payload(past, count)
        self._closes(state, count)
        self.rows.sort(key=lambda row: int(row[Seg.TIME]))
        return self.rows

    @cached_property
    def asked(self) -> Row | None:
        """The segment that asked for the reset."""
        if self._event.kind != "sent" or not self._event.trigger:
            return None
        return self._decode(self._event.trigger)

    def reset(self) -> Row | None:
        """The reset itself; None when the kernel does not tell enough."""
        event = self._event
        if self._packet:
            row = self._decode(self._packet)
            if row is not None and event.kind in {"sent", "unseen"}:
                row[Seg.QUALITY] |= Quality.OUTGOING
            return row
        if event.kind == "sent":
            asked = self.asked
            return self._answer(asked) if asked is not None else self._abort()
        if event.kind == "dropped":
            return self._decode(event.trigger)
        if event.kind == "unseen":
            row = self._decode(event.trigger)
            if row is not None:
                row[Seg.QUALITY] |= Quality.OUTGOING
            return row
        return self._taken()

    def _decode(self, packet: bytes) -> Row | None:
        row, at = decode(packet, self._event.time), len(self._buffer)
        if row is not None:
            self._buffer += packet
            row[Seg.PAYLOAD_AT] += at
            row[Seg.NAME_AT] += at
        return row

    def _answer(self, asked: Row) -> Row:
        """RFC 9293 section 3.5.2: to an ACK its number, to all else number 0 and an acknowledgement."""
        if asked[Seg.FLAGS] & Flag.ACK:
            row = self._row(self._event.time, True, Flag.RST, int(asked[Seg.ACK]), 0)
        else:
            flags = int(asked[Seg.FLAGS])
            end = int(asked[Seg.SEQ] + asked[Seg.LENGTH]) + bool(flags & Flag.SYN) + bool(flags & Flag.FIN)
            row = self._row(self._event.time, True, Flag.RST | Flag.ACK, 0, end)
        for here, there in ((Seg.SRC_HI, Seg.DST_HI), (Seg.SRC_LO, Seg.DST_LO), (Seg.SPORT, Seg.DPORT)):
            row[here], row[there] = asked[there], asked[here]
        row[Seg.TOS] = asked[Seg.TOS]
        row[Seg.IP_ID] = -1 if asked[Seg.IP_FLAGS] & IpFlag.V6 else 0
        return row

    def _abort(self) -> Row | None:
        numbers = self._event.numbers
        if numbers is None:
            return None
        row = self._row(self._event.time, True, Flag.RST | Flag.ACK, numbers.snd_nxt, numbers.rcv_nxt)
        row[Seg.WINDOW] = min(numbers.rcv_wnd >> numbers.window_shift, 0xFFFF)
        if numbers.timestamps:
            row[Seg.OPTIONS], row[Seg.HEADER] = Opt.TIMESTAMPS, WITH_TIMESTAMPS
        return row

    def _taken(self) -> Row | None:
        """A reset that a socket took has the next number it expects (RFC 9293 section 3.10.7.4)."""
        numbers = self._event.numbers
        if numbers is None:
            return None
        if self._event.state == "SYN_SENT":
            return self._row(self._event.time, False, Flag.RST | Flag.ACK, 0, numbers.snd_nxt)
        return self._row(self._event.time, False, Flag.RST | Flag.ACK, numbers.rcv_nxt, numbers.snd_una)

    def _connecting(self, past: Past | None) -> None:
        """A connect that never was answered: the SYN is known by its next number."""
        if past is not None and not past.passive:
            self._add(past.opened, True, Flag.SYN, past.snd_nxt - 1, 0)

    def _handshake(self, past: Past, count: Numbering) -> None:
        client = not past.passive
        mine, theirs = (count.first, count.peer_first) if client else (count.peer_first, count.first)
        done = past.established or past.opened
        began = min(past.opened, done - self._round_trip())
        self._add(began, client, Flag.SYN, mine - 1, 0)
        self._add(done if client else began, not client, Flag.SYN | ACK, theirs - 1, mine)
        self._add(done, client, ACK, mine, theirs)

    def _round_trip(self) -> int:
        """What an answer took: mostly less than the jiffies that the flight recorder counts in; ns."""
        numbers, past = self._event.numbers, self._event.past
        return _ns(numbers.srtt if numbers is not None else past.srtt if past is not None else None)

    def _payload(self, numbers: Numbers, count: Numbering) -> None:
        """One segment for what each side sent, when the latest of it passed, and what was acknowledged."""
        now = self._event.time
        acked = numbers.snd_una
        heard = now - _ns(numbers.heard_ago)
        sent_at, received_at = self._passed(now, numbers.sent_ago, numbers.received_ago, numbers.heard_ago)
        sent, received = count.sent, count.received
        answer = received_at < sent_at  # what this end sent came last
        if sent:
            peer = count.peer_next if answer else count.peer_first
            self._carry(sent_at, True, count.first, peer, sent)
        if received:
            until = count.first if answer and sent else acked
            self._carry(received_at, False, count.peer_first, until, received)
            if numbers.copied_seq != count.peer_first or not answer:
                self._add(received_at, True, ACK, count.first if answer else count.next, count.peer_next)
        if sent and acked != count.first and (heard >= sent_at or acked == count.next):
            self._add(max(heard, sent_at), False, ACK, count.peer_next, acked)

    def _past_payload(self, past: Past, count: Numbering) -> None:
        """What a socket had carried that is gone."""
        when = past.left or past.ended or past.opened
        sent, received = count.sent, count.received
        sent_at, received_at = self._passed(when, past.sent_ago, past.received_ago)
        answer = received_at < sent_at
        if received:
            self._carry(received_at, False, count.peer_first, count.first if answer else count.next, received)
            self._add(received_at, True, ACK, count.first if answer else count.next, count.peer_next)
        if sent:
            self._carry(sent_at, True, count.first, count.peer_next if answer else count.peer_first, sent)
            self._add(sent_at, False, ACK, count.peer_next if answer else count.peer_first, count.next)

    def _passed(
        self, then: int, sent_ago: float | None, received_ago: float | None, heard_ago: float | None = None
    ) -> tuple[int, int]:
        """When data was last sent and received, never before the handshake.

        Kernels count in ticks of some ms. Within one, an acknowledgement that came later than the data received is for
        data that was sent after it; else the end that opened the connection asked first.
        """
        past = self._event.past
        least = (past.established or past.opened) if past is not None else 0
        sent_at, received_at = max(then - _ns(sent_ago), least), max(then - _ns(received_ago), least)
        if sent_at == received_at:
            acked_later = heard_ago is not None and received_ago is not None and heard_ago < received_ago
            spoke_last = acked_later or (past is not None and past.passive)
            return sent_at + spoke_last, received_at + (not spoke_last)
        return sent_at, received_at

    def _closes(self, state: str, count: Numbering) -> None:
        past, latest = self._event.past, max((int(row[Seg.TIME]) for row in self.rows), default=self._event.time)
        if state in FIN_SENT:
            left = past.left if past is not None and past.left else latest
            self._add(left, True, Flag.FIN | ACK, count.next, count.peer_next)
        if state in FIN_TAKEN:
            # When the other end closed is not on record: after all it had sent, before this end was done.
            self._add(latest, False, Flag.FIN | ACK, count.peer_next, count.next)

    def _carry(self, time: int, mine: bool, seq: int, ack: int, length: int) -> None:  # noqa: FBT001
        """Payload of one side, as many segments as it takes: numbers further away belong to something else."""
        while length > 0:
            part = min(length, LARGEST)
            self._add(time, mine, Flag.PSH | ACK, seq, ack, part)
            seq, length = seq + part, length - part

    def _add(self, time: int, mine: bool, flags: int, seq: int, ack: int, length: int = 0) -> None:  # noqa: FBT001
        self.rows.append(self._row(time, mine, flags, seq, ack, length))

    def _row(self, time: int, mine: bool, flags: int, seq: int, ack: int, length: int = 0) -> Row:  # noqa: FBT001
        source, target = (self._local, self._remote) if mine else (self._remote, self._local)
        row = np.full(Seg.COUNT, -1, dtype=np.int64)
        for cell in (Seg.OPTIONS, Seg.CHECKSUM, Seg.PAYLOAD_AT, Seg.PAYLOAD_HAVE, Seg.INTERFACE, Seg.TUNNEL, Seg.TOS):
            row[cell] = 0
        row[Seg.NAME_AT] = row[Seg.NAME_LENGTH] = row[Seg.FRAME] = 0
        if flags & Flag.SYN:
            row[Seg.OPTIONS] = -1  # there were some
        row[Seg.TIME], row[Seg.FLAGS], row[Seg.LENGTH], row[Seg.HEADER] = time, flags, length, BASE
        row[Seg.SRC_HI], row[Seg.SRC_LO], row[Seg.SPORT] = source
        row[Seg.DST_HI], row[Seg.DST_LO], row[Seg.DPORT] = target
        row[Seg.SEQ], row[Seg.ACK], row[Seg.WINDOW] = seq & MASK, ack & MASK, 0 if flags & Flag.RST else 0xFFFF
        row[Seg.IP_FLAGS] = IpFlag.DF if source[0] == 0 and source[1] >> 32 == 0xFFFF else IpFlag.V6  # noqa: PLR2004
        row[Seg.KIND] = Kind.HIDDEN if length else Kind.NONE
        row[Seg.QUALITY] = Quality.OUTGOING if mine else 0
        return row


def _numbering(numbers: Numbers | None, past: Past | None, state: str) -> Numbering:
    """Sequence numbers. A side's FIN has one of its own; the SYN of a connecting side counts as acknowledged."""
    own_fin, peer_fin = state in FIN_SENT, state in FIN_TAKEN
    if numbers is not None:
        behind = numbers.snd_nxt - (own_fin and numbers.snd_nxt == numbers.write_seq)
        peer_next = numbers.rcv_nxt - peer_fin
        acked = numbers.bytes_acked - (past is None or not past.passive)
        ahead = (behind - numbers.snd_una + HALF & MASK) - HALF  # one behind it when an own FIN was acknowledged
        return _counted(ahead + max(acked, 0), behind, numbers.bytes_received, peer_next)
    assert past is not None, "one of both is known"
    behind, peer_next = past.snd_nxt - own_fin, past.rcv_nxt - peer_fin
    acked = past.bytes_acked - (not past.passive) - own_fin
    return _counted(max(acked, 0), behind, past.bytes_received, peer_next)


def _counted(sent: int, following: int, received: int, peer_following: int) -> Numbering:
    """Both sides' numbers, from their next ones and the payload before these."""
    sent, received = (min(max(count, 0), MOST) for count in (sent, received))
    first, peer_first = (following - sent) & MASK, (peer_following - received) & MASK
    return Numbering(first, following & MASK, peer_first, peer_following & MASK, sent, received)


def _ns(seconds: float | None) -> int:
    return int((seconds or 0.0) * SECOND)


def _endpoint(text: str) -> tuple[int, int, int]:
    """Upper and lower half of the address as cells hold them, and the port."""
    host, port = text.rsplit(":", 1)
    address = ipaddress.ip_address(host.strip("[]"))
    if isinstance(address, ipaddress.IPv4Address):
        return 0, MAPPED | int(address), int(port)
    halves = np.frombuffer(address.packed, dtype=">i8")
    return int(halves[0]), int(halves[1]), int(port)
