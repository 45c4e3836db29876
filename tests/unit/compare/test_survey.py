from __future__ import annotations

from pathlib import Path

import numpy as np

from whyrst.compare import survey as module
from whyrst.compare.events import Event
from whyrst.compare.survey import Survey, mixed
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
