"""Writes the captures that the benchmarks read. Everything follows from a seed.

python bench/traffic.py mixed FILE [CONNECTIONS]     ordinary traffic, about 13 packets a connection
python bench/traffic.py refused FILE [CONNECTIONS]   SYN, then RST,ACK, each of another connection
"""

from __future__ import annotations

import random
import struct
import sys
from heapq import heappop, heappush
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SYN, ACK, PSH, FIN, RST = 0x02, 0x10, 0x08, 0x01, 0x04
SYN_OPTIONS = bytes.fromhex("020405b40402080a") + b"\0" * 8 + bytes.fromhex("01030307")
MSS = 1448
HELLO = bytes.fromhex("1603010200010001fc0303") + b"\x5a" * 250
START = 1_780_000_000_000_000
CONNECTIONS = 152_000
LIVE = 2_000
"""Connections that are open at the same time."""


class Packet(NamedTuple):
    """One packet of a connection's script: who sends it, how long after the one before, and what."""

    client: bool
    wait: int
    flags: int
    payload: bytes


def script(rng: random.Random, blob: bytes) -> Iterator[Packet]:
    """The packets of one connection: HTTP or TLS, most closed by FIN, some by reset."""
    rtt = rng.randrange(200, 40_000)
    yield Packet(True, 0, SYN, b"")
    yield Packet(False, rtt, SYN | ACK, b"")
    yield Packet(True, 30, ACK, b"")
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        ask = HELLO if rng.random() < 0.5 else b"GET /index.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n"
        yield Packet(True, rng.randrange(50, 5_000), PSH | ACK, ask)
        size = min(int(rng.paretovariate(1.1) * 900), 40_000)
        while size > 0:
            part = min(size, MSS)
            at = rng.randrange(len(blob) - MSS)
            yield Packet(False, rtt if size > part else 20, ACK if size > part else PSH | ACK, blob[at : at + part])
            size -= part
            if size > 0 and rng.random() < 0.5:
                yield Packet(True, 10, ACK, b"")
        yield Packet(True, 30, ACK, b"")
    if rng.random() < 0.02:
        yield Packet(rng.random() < 0.5, rng.randrange(100, 900_000), RST | ACK, b"")
        return
    yield Packet(False, rng.randrange(1_000, 5_000_000), FIN | ACK, b"")
    yield Packet(True, 60, FIN | ACK, b"")
    yield Packet(False, rtt, ACK, b"")


class Flow:
    """Numbers of one connection while it is written."""

    def __init__(self, rng: random.Random, number: int) -> None:
        self.addresses = (
            struct.pack(">I", 0x0A000000 + number % 60_000 + 1),
            struct.pack(">I", 0xC0A80000 + number // 60_000 * 7 + number % 50),
        )
        self.ports = (1024 + number * 7919 % 60_000, 443)
        self.seq = [rng.getrandbits(32), rng.getrandbits(32)]
        self.ids = [rng.getrandbits(16), rng.getrandbits(16)]
        self.stamp = rng.getrandbits(31)

    def frame(self, packet: Packet, time: int) -> bytes:
        """The packet as an Ethernet frame."""
        me = 0 if packet.client else 1
        it = 1 - me
        ack = 0 if packet.flags == SYN else self.seq[it]
        stamp = struct.pack(">II", (self.stamp + time // 1000) & 0xFFFFFFFF, self.stamp)
        options = SYN_OPTIONS if packet.flags & SYN else b"\x01\x01\x08\x0a" + stamp
        header = 20 + len(options)
        self.ids[me] = (self.ids[me] + 1) & 0xFFFF
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + header + len(packet.payload), self.ids[me], 0x4000,
                         64 if packet.client else 57, 6, 0, self.addresses[me], self.addresses[it])  # fmt: skip
        tcp = struct.pack(">HHIIBBHHH", self.ports[me], self.ports[it], self.seq[me], ack, header // 4 << 4,
                          packet.flags, 502, 0, 0)  # fmt: skip
        self.seq[me] = (self.seq[me] + len(packet.payload) + (packet.flags & 1) + (packet.flags >> 1 & 1)) & 0xFFFFFFFF
        return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + ip + tcp + options + packet.payload


def record(out: BinaryIO, time: int, frame: bytes) -> None:
    """Append one packet record."""
    out.write(struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(frame), len(frame)) + frame)


def mixed(out: BinaryIO, connections: int) -> int:
    """Ordinary traffic with LIVE connections open at any time; returns the packets written."""
    rng = random.Random(1)
    blob = rng.randbytes(1 << 20)
    queue: list[tuple[int, int, Flow, Iterator[Packet], Packet]] = []
    packets = started = 0

    def start(time: int) -> None:
        nonlocal started
        steps = script(rng, blob)
        heappush(queue, (time + rng.randrange(2_000), started, Flow(rng, started), steps, next(steps)))
        started += 1

    for k in range(min(LIVE, connections)):
        start(START + k * 500)
    while queue:
        time, number, flow, steps, packet = heappop(queue)
        record(out, time, flow.frame(packet, time))
        packets += 1
        following = next(steps, None)
        if following is not None:
            heappush(queue, (time + following.wait + 1, number, flow, steps, following))
        elif started < connections:
            start(time)
    return packets


def refused(out: BinaryIO, connections: int) -> int:
    """A SYN and its refusal for each of many connections; returns the packets written."""
    time = START
    for k in range(connections):
        client = struct.pack(">I", 0x0A000000 + k // 60_000 + 1)
        server = b"\xc0\xa8\x01\x05"
        port, isn = 1024 + k % 60_000, k * 2_654_435_761 & 0xFFFFFFFF
        syn = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 60, k & 0xFFFF, 0x4000, 64, 6, 0, client, server) + struct.pack(
            ">HHIIBBHHH", port, 8080, isn, 0, 0xA0, SYN, 64240, 0, 0)  # fmt: skip
        rst = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, 0, 0x4000, 57, 6, 0, server, client) + struct.pack(
            ">HHIIBBHHH", 8080, port, 0, (isn + 1) & 0xFFFFFFFF, 0x50, RST | ACK, 0, 0, 0)  # fmt: skip
        record(out, time, b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + syn + SYN_OPTIONS)
        record(out, time + 80, b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0" + rst)
        time += 100
    return 2 * connections


def main() -> None:
    """Write one capture."""
    kind, name = sys.argv[1], sys.argv[2]
    connections = int(sys.argv[3]) if len(sys.argv) > 3 else CONNECTIONS if kind == "mixed" else 1_000_000
    with open(name, "wb", buffering=1 << 20) as out:  # noqa: PTH123 - a buffer size is given
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        packets = {"mixed": mixed, "refused": refused}[kind](out, connections)
    print(f"{name}: {packets:,} packets, {connections:,} connections")


if __name__ == "__main__":
    main()
