"""Captures as another place would show them: rewritten addresses, ports and numbers, other clocks, packets left out."""

from __future__ import annotations

import struct
from typing import NamedTuple

WRAP = 1 << 32


class Record(NamedTuple):
    """One packet: nanoseconds, Ethernet frame."""

    time: int
    frame: bytes


def read(path) -> list[Record]:
    data = path.read_bytes()
    unit = 1 if data[:4] == struct.pack("<I", 0xA1B23C4D) else 1000
    records, at = [], 24
    while at < len(data):
        seconds, fraction, size, _ = struct.unpack_from("<IIII", data, at)
        records.append(Record(seconds * 1_000_000_000 + fraction * unit, data[at + 16 : at + 16 + size]))
        at += 16 + size
    return records


def write(path, records):
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)]
    for time, frame in sorted(records, key=lambda r: r.time):
        parts.append(struct.pack("<IIII", *divmod(time, 1_000_000_000), len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(parts))
    return path


class Packet:
    """An IPv4 packet's fields, to be read and changed in place."""

    def __init__(self, record: Record) -> None:
        self.time = record.time
        self.frame = bytearray(record.frame)
        self.tcp = 14 + (self.frame[14] & 15) * 4

    def get(self, at: int, form: str):
        return struct.unpack_from(form, self.frame, at)[0]

    def put(self, at: int, form: str, value) -> None:
        struct.pack_into(form, self.frame, at, value)

    @property
    def ports(self):
        return self.get(self.tcp, ">H"), self.get(self.tcp + 2, ">H")

    @property
    def flags(self):
        return self.frame[self.tcp + 13]

    @property
    def record(self) -> Record:
        return Record(self.time, bytes(self.frame))

    def hop(self) -> None:
        self.frame[22] -= 1

    def shift(self, forth, client: int, server: int) -> None:
        """Shift the numbers of both ends, as a device does that chooses initial numbers anew."""
        mine, theirs = (client, server) if forth else (server, client)
        self.put(self.tcp + 4, ">I", (self.get(self.tcp + 4, ">I") + mine) % WRAP)
        if self.flags & 16:
            self.put(self.tcp + 8, ">I", (self.get(self.tcp + 8, ">I") + theirs) % WRAP)

    def translate(self, forth, address: bytes, port: int) -> None:
        """Give the client other address and port."""
        self.frame[26 if forth else 30 : 30 if forth else 34] = address
        self.put(self.tcp if forth else self.tcp + 2, ">H", port)


def packets(path, server_port: int):
    """IPv4 TCP packets of a capture, and whether the client sent each."""
    found = []
    for record in read(path):
        if record.frame[12:14] == b"\x08\x00" and record.frame[23] == 6:
            packet = Packet(record)
            found.append((packet, packet.ports[1] == server_port))
    return found
