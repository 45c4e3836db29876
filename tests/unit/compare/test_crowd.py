"""More connections with resets than are looked into at all places."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.unit.compare.rewritten import Packet, read, write

from unit.traffic import HEADER, traffic
from whyrst.compare import compare, crowd, survey

REFUSED, LIMIT = 600, 20
ALONE = (100, 300, 500)
"""Refusals that only the client's capture shows."""
HOUR = 3_600_000_000_000
LATE = 30_000
"""Nanoseconds that a packet is on its way."""


@pytest.fixture
def both(tmp_path):
    """Captures of both ends: refused connections, the clocks an hour apart."""
    client, server = tmp_path / "client.pcap", tmp_path / "server.pcap"
    with client.open("wb") as out:
        out.write(HEADER)
        traffic.refused(out, REFUSED)
    there = []
    for k, record in enumerate(read(client)):
        packet = Packet(record)
        reset = bool(packet.flags & traffic.RST)
        packet.time += HOUR - LATE if reset else HOUR + LATE
        packet.frame[22] += 1 if reset else -1
        if not reset or k // 2 not in ALONE:
            there.append(packet.record)
    return [client, write(server, there)]


def ends(verdicts):
    return sorted((v.reset.source, v.reset.destination) for v in verdicts)


def untraced(verdict):
    return "too many connections were reset" in verdict.origin.says


def test_each_reset_is_told_once_and_a_bounded_number_traced(both, monkeypatch):
    every = compare(both)
    whole = list(every.verdicts)
    assert every.untraced == 0
    assert len(whole) == REFUSED
    assert not any(map(untraced, whole))
    monkeypatch.setattr(crowd, "MOST", LIMIT)
    some = compare(both)
    found = list(some.verdicts)
    assert ends(found) == ends(whole)
    assert sum(map(untraced, found)) == some.untraced == REFUSED - LIMIT
    assert all(v.origin.kind == "unknown" and not v.origin.certain for v in found if untraced(v))
    assert {v.cause for v in found if untraced(v)} == {"port-closed"}


def test_those_that_not_all_captures_show_are_traced_first(both, monkeypatch):
    monkeypatch.setattr(crowd, "MOST", len(ALONE))
    found = [v for v in compare(both).verdicts if not untraced(v)]
    assert [v.frame for v in found] == [2 * k + 2 for k in ALONE]
    assert all(str(sight.capture) == str(both[0]) for v in found for sight in v.origin.sights if sight.seen)


def test_what_the_first_reading_had_to_forget_is_told_once_too(both, monkeypatch):
    whole = ends(compare(both).verdicts)
    monkeypatch.setattr(crowd, "MOST", LIMIT)
    monkeypatch.setattr(survey, "MOST", REFUSED // 2)
    small = compare(both)
    shared = sum(small.kinds.values())
    assert 0 < shared < REFUSED // 2
    assert ends(small.verdicts) == whole


def test_they_are_told_once_through_address_translation(both, monkeypatch):
    monkeypatch.setattr(crowd, "MOST", LIMIT)
    there = []
    for record in read(both[1]):
        packet = Packet(record)
        forth = not packet.flags & traffic.RST
        port = packet.ports[0 if forth else 1]
        packet.translate(forth, b"\xc6\x33\x64\x01", 65535 - port)
        there.append(packet.record)
    behind = compare([both[0], write(both[1], there)])
    assert len(list(behind.verdicts)) == REFUSED
    assert behind.kinds["translated"] == REFUSED
    assert behind.untraced == REFUSED - LIMIT


def test_resets_of_equal_numbers_are_all_told(both, monkeypatch):
    monkeypatch.setattr(crowd, "MOST", LIMIT)
    for path in both:
        records = read(path)
        again = [Packet(record) for record in records if Packet(record).flags & traffic.RST]
        for packet in again:
            packet.time += HOUR // 60
            packet.frame[18] += 1
        write(path, [*records, *(packet.record for packet in again)])
    copies = [v for v in compare(both).verdicts if v.reset.ordinal > 1]
    assert len(copies) == REFUSED


def test_the_report_says_how_many_were_not_traced(both):
    limited = f"from whyrst.compare import crowd; crowd.MOST = {LIMIT}; from whyrst.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", limited, "compare", *map(str, both)], capture_output=True, text=True, check=False
    )
    assert f"untraced {REFUSED - LIMIT:,} resets" in " ".join(done.stdout.split()), done.stderr
