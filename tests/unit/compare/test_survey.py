from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from whyrst.compare import survey as module
from whyrst.compare.events import Event
from whyrst.compare.survey import Survey, fingerprints, keys, mixed
from whyrst.fast.layout import Flag, Seg
from whyrst.segments.read import read

CASE = Path(__file__).parents[2] / "cases" / "compare" / "snat-port"


def surveyed(path):
    found = Survey()
    rows = []
    for series in read([path]):
        for batch in series:
            found.take(batch)
            rows.append(batch.rows.copy())
    return found, np.concatenate(rows)


def test_a_small_capture_is_kept_whole():
    found, rows = surveyed(CASE / "client.pcap")
    flags = rows[:, Seg.FLAGS]
    assert len(found.resets) == ((flags & Flag.RST) != 0).sum() > 0
    assert len(found.opened) == ((flags & (Flag.SYN | Flag.RST)) == Flag.SYN).sum() > 0
    assert len(found.openings) == len(found.opened) + len(found.resets)
    assert len(found.openings) + len(found.samples) == len(rows)
    assert len(found.marks) > len(found.openings)
    assert len(found.first) == 0


def test_both_directions_have_one_key_and_two_sides():
    _, rows = surveyed(CASE / "client.pcap")
    key, side = keys(rows)
    ports = rows[:, Seg.SPORT] + rows[:, Seg.DPORT]
    assert len(np.unique(key)) == len(np.unique(ports))
    for one in np.unique(key):
        assert set(side[key == one]) == {0, 1}


def test_captures_of_the_same_traffic_sample_the_same_segments(monkeypatch):
    monkeypatch.setattr(module, "SAMPLES", 8)
    client, _ = surveyed(CASE / "client.pcap")
    server, _ = surveyed(CASE / "server.pcap")
    assert client.threshold < module.EVERY
    least = min(client.threshold, server.threshold)

    def numbers(found):
        rows = found.samples
        chance = mixed(rows[Event.SEQ], rows[Event.ACK]) & (module.EVERY - 1)
        return set(rows[Event.SEQ][chance < least].tolist())

    assert numbers(client) == numbers(server)


def test_too_many_openings_leave_those_of_reset_connections(monkeypatch):
    monkeypatch.setattr(module, "MOST", 4)
    found, rows = surveyed(CASE / "client.pcap")
    assert len(found.opened) <= 8
    assert len(rows) > 20


@pytest.mark.parametrize(
    ("one", "two", "alike"),
    [
        (b"GET /a HTTP/1.1\r\nHost: x\r\n", b"GET /a HTTP/1.1\r\nHost: x\r\nForwarded: y\r\n", True),
        (b"GET /a HTTP/1.1\r\n", b"GET /b HTTP/1.1\r\n", False),
        (b"\x16\x03\x01" + bytes(80), b"\x16\x03\x01" + bytes(90), True),
        (b"abc", b"abc\0", False),
    ],
    ids=["same-line", "other-line", "same-beginning", "longer"],
)
def test_fingerprints_are_those_of_the_first_line_or_bytes(one, two, alike):
    buffer = memoryview(one + two)
    found = fingerprints(buffer, np.array([0, len(one)]), np.array([len(one), len(two)]))
    assert (found[0] == found[1]) is np.bool_(alike)
    assert (found >= 0).all()
