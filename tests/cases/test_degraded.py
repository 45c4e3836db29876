"""The cases as poorer captures hold them: cut, lossy, one-sided, doubled.

What such a capture cannot show may be undetermined, and another cause may look possible. But "certain" must stay right,
and "likely" nearly always.
"""

from __future__ import annotations

import json
import random
import struct
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from whyrst.analysis import analyze

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CASES = sorted(script.parent for script in Path(__file__).parent.glob("*/make.py"))
PLAIN = {b"\x08\0", b"\x86\xdd"}
"""Frames that hold IPv4 or IPv6 without a tag."""
SYN, RST = 0x02, 0x04
LOST = 0.12


class Packet:
    """A packet record of a case: its bytes, its source and its TCP flags."""

    def __init__(self, number: int, record: bytes) -> None:
        self.number = number
        self.record = record
        frame = record[16:]
        v6 = frame[12:14] == b"\x86\xdd"
        tcp = 54 if v6 else 14 + (frame[14] & 0xF) * 4
        self.source = frame[22:38] + frame[tcp : tcp + 2] if v6 else frame[26:30] + frame[tcp : tcp + 2]
        self.flags = frame[tcp + 13]


def packets(path: Path) -> tuple[bytes, list[Packet]]:
    data, at = path.read_bytes(), 24
    found = []
    while at < len(data):
        size = 16 + struct.unpack_from("<I", data, at + 8)[0]
        found.append(Packet(len(found) + 1, data[at : at + size]))
        at += size
    return data[:24], found


def without_handshake(all_: list[Packet], _: random.Random) -> Iterable[Packet]:
    return [p for p in all_ if not p.flags & SYN]


def started_late(all_: list[Packet], _: random.Random) -> Iterable[Packet]:
    return all_[len(all_) // 3 :]


def one_direction(all_: list[Packet], _: random.Random) -> Iterable[Packet]:
    senders = {p.source for p in all_ if p.flags & RST}
    return [p for p in all_ if p.source in senders]


def lossy(all_: list[Packet], chance: random.Random) -> Iterable[Packet]:
    return [p for p in all_ if p.flags & RST or chance.random() > LOST]


def doubled(all_: list[Packet], _: random.Random) -> Iterable[Packet]:
    return [p for p in all_ for _ in range(2)]


WAYS: tuple[Callable[[list[Packet], random.Random], Iterable[Packet]], ...] = (
    without_handshake, started_late, one_direction, lossy, doubled,
)  # fmt: skip


def test_poorer_captures_make_verdicts_vaguer_but_not_wrong(tmp_path):
    right, wrong, said = Counter(), Counter(), []
    for case in CASES:
        head, every = packets(case / "capture.pcap")
        if any(p.record[28:30] not in PLAIN for p in every):
            continue
        expected = {row["frame"]: row for row in json.loads((case / "expect.json").read_text())}
        for way in WAYS:
            kept = list(way(every, random.Random(f"{way.__name__} {case.name}")))
            made = tmp_path / "capture.pcap"
            made.write_bytes(head + b"".join(p.record for p in kept))
            for verdict in analyze([str(made)]).verdicts:
                row = expected[kept[verdict.frame - 1].number]
                fine = verdict.cause in {row["cause"], *row["accept"], "undetermined"}
                (right if fine else wrong)[verdict.confidence] += 1
                if not fine and verdict.confidence in {"certain", "likely"}:
                    said.append(f"{case.name} {way.__name__}: {verdict.cause} {verdict.confidence}, not {row['cause']}")
    assert right["certain"] > 200
    assert wrong["certain"] <= 0.01 * (wrong["certain"] + right["certain"]), said
    assert wrong["likely"] <= 0.1 * (wrong["likely"] + right["likely"]), said
