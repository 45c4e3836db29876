"""More resets of one connection than anybody sends, in captures of both ends."""

from __future__ import annotations

from pathlib import Path

from tests.unit.compare.rewritten import Packet, read, write

from whyrst.compare import compare

CASE = Path(__file__).parents[2] / "cases" / "compare" / "late-syn-ack-nonblocking"
MANY = 1200
MS = 1_000_000
RST, SEQ, FLAGS = 4, 4, 13


def flooded(path, name):
    """A capture in which the last reset comes again and again, one each ms, each with the next number."""
    records = read(CASE / f"{name}.pcap")
    last = next(record for record in reversed(records) if Packet(record).flags & RST)
    for k in range(1, MANY + 1):
        one = Packet(last)
        one.put(one.tcp + SEQ, ">I", one.get(one.tcp + SEQ, ">I") + k)
        one.time += k * MS
        records.append(one.record)
    return write(path / f"{name}.pcap", records)


def test_each_is_told_once_and_only_some_are_traced(tmp_path):
    paths = [flooded(tmp_path, name) for name in ("client", "server")]
    before = len(list(compare([CASE / "client.pcap", CASE / "server.pcap"]).verdicts))
    verdicts = list(compare(paths).verdicts)
    assert len(verdicts) == before + MANY
    assert all(len([sight for sight in v.origin.sights if sight.seen]) == 2 for v in verdicts)
    kinds = [v.origin.kind for v in verdicts]
    assert kinds[0] == "end"
    assert kinds[-1] == "unknown"
    assert "too many resets" in verdicts[-1].origin.says
    assert not any(v.origin.certain for v in verdicts if v.origin.kind == "unknown")
