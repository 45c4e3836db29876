"""A tap on the path: gathers the segments of all conversations that pass it and writes them as a capture file."""

from __future__ import annotations

import random
import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

from whyrst.lab.wire import packet
from whyrst.lab.wire.conversation import Conversation

if TYPE_CHECKING:
    from pathlib import Path

    from whyrst.lab.wire.host import Host
    from whyrst.lab.wire.segment import Segment

EPOCH = 1_780_000_000
"""Second 0 of a capture's clock, in Unix time (28 May 2026)."""
GATEWAY = "02:00:00:00:00:01"
BILLION = 1_000_000_000
_BLOCK_TRAILER = 12


class Capture:
    """A capture in the making."""

    def __init__(self, vantage: Literal["client", "server", "between"] = "client", *, seed: int = 1) -> None:
        """Place the tap.

        Args:
            vantage: At the client, at the server, or midway.
            seed: For all that a script leaves open; the same seed gives the same bytes.
        """
        self.vantage = vantage
        self.seed = seed
        self.conversations: list[Conversation] = []

    def conversation(
        self, client: Host, server: Host, sport: int, dport: int, *, rtt: float = 0.020, start: float = 0.0
    ) -> Conversation:
        """Begin a conversation that the tap sees."""
        chance = random.Random(f"{self.seed} {len(self.conversations)}")  # noqa: S311 (repeatable on purpose)
        talk = Conversation(client, server, sport, dport, rtt=rtt, start=start, chance=chance)
        self.conversations.append(talk)
        return talk

    def frames(
        self, *, duplicate: bool = False, vlan: int | None = None, until: float | None = None
    ) -> list[tuple[int, bytes]]:
        """Give (nanoseconds, frame) in the order of time and number the segments.

        Args:
            duplicate: Write every packet twice, as a mirror port does that copies both directions.
            vlan: Tag of every frame.
            until: When the capture ends, seconds on its clock.
        """
        seen: list[tuple[float, int, Conversation, Segment]] = []
        for talk in self.conversations:
            for segment in talk.segments:
                segment.frame = 0
                at = self._seen(talk, segment)
                if at is not None and (until is None or at <= until):
                    seen.append((at, len(seen), talk, segment))
        found: list[tuple[int, bytes]] = []
        for at, _, talk, segment in sorted(seen, key=lambda row: row[:2]):
            when = EPOCH * BILLION + round(at * BILLION)
            frame = self._frame(talk, segment, vlan)
            found.append((when, frame))
            segment.frame = len(found)
            if duplicate:
                found.append((when + 3_000, frame))
        return found

    def write(
        self,
        path: Path,
        *,
        form: Literal["pcap", "pcap-nano", "pcapng"] = "pcap",
        snaplen: int = 262144,
        duplicate: bool = False,
        vlan: int | None = None,
        until: float | None = None,
    ) -> None:
        """Write the capture to a file; what the segments' `frame` says belongs to this file.

        Args:
            path: The file.
            form: File format.
            snaplen: Bytes kept of each packet.
            duplicate: As in `frames`.
            vlan: As in `frames`.
            until: As in `frames`.
        """
        frames = self.frames(duplicate=duplicate, vlan=vlan, until=until)
        path.write_bytes(pcapng(frames, snaplen) if form == "pcapng" else pcap(frames, snaplen, form == "pcap-nano"))

    def _seen(self, talk: Conversation, segment: Segment) -> float | None:
        """Say when the tap sees a segment, `None` when it does not."""
        here = segment.sender == self.vantage
        if segment.unseen or (segment.lost and not here and self.vantage != "between"):
            return None
        if segment.forged or here:
            return segment.sent
        return segment.sent + talk.rtt / (4 if self.vantage == "between" else 2)

    def _frame(self, talk: Conversation, segment: Segment, vlan: int | None) -> bytes:
        """Write a segment as a frame."""
        sender, receiver = (talk.client, talk.server) if segment.sender == "client" else (talk.server, talk.client)
        ports = (talk.sport, talk.dport) if sender is talk.client else (talk.dport, talk.sport)
        source = ip_address(segment.source) if segment.source else sender.host.ip
        destination = ip_address(segment.destination) if segment.destination else receiver.host.ip
        here = sender.name == self.vantage and not segment.forged
        ttl = segment.ttl if segment.forged or here else segment.ttl - sender.host.hops
        body = packet.tcp(segment, ports, (source.packed, destination.packed), partial=here and sender.offload)
        inner = packet.ip(segment, source, destination, ttl, body)
        neighbour = {True: sender.host.mac, False: GATEWAY if sender.host.hops else sender.host.mac}[here]
        target = GATEWAY if receiver.host.hops else receiver.host.mac
        return packet.ethernet(
            str(target), segment.mac or str(neighbour), inner, vlan=vlan, padded=not here and vlan is None
        )


def pcap(frames: list[tuple[int, bytes]], snaplen: int, nano: bool) -> bytes:  # noqa: FBT001 (private to this file)
    """Write a classic capture file, little-endian (pcap-savefile(5))."""
    magic, unit = (0xA1B23C4D, 1) if nano else (0xA1B2C3D4, 1000)
    parts = [struct.pack("<IHHiIII", magic, 2, 4, 0, 0, snaplen, 1)]
    for when, frame in frames:
        kept = frame[:snaplen]
        parts.append(struct.pack("<IIII", when // BILLION, when % BILLION // unit, len(kept), len(frame)) + kept)
    return b"".join(parts)


def pcapng(frames: list[tuple[int, bytes]], snaplen: int) -> bytes:
    """Write one section with one nanosecond interface (draft-ietf-opsawg-pcapng)."""
    resolution = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)
    parts = [
        _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
        _block(1, struct.pack("<HHI", 1, 0, snaplen) + resolution),
    ]
    for when, frame in frames:
        kept = frame[:snaplen]
        head = struct.pack("<IIIII", 0, when >> 32, when & 0xFFFFFFFF, len(kept), len(frame))
        parts.append(_block(6, head + kept + b"\0" * (-len(kept) % 4)))
    return b"".join(parts)


def _block(kind: int, body: bytes) -> bytes:
    """Put a body between a block's lengths."""
    size = len(body) + _BLOCK_TRAILER
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)
