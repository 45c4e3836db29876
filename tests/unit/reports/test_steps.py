from __future__ import annotations

import numpy as np
import pytest

from whyrst.fast.layout import Flag, Seg
from whyrst.reports.ladder import Fold, Step
from whyrst.reports.steps import endpoint, nanoseconds, select, steps

CLIENT, SERVER = "10.0.0.9:51234", "10.0.0.5:8080"
SYN_ACK = Flag.SYN | Flag.ACK
ISN, PEER_ISN = 2**32 - 2, 5000


def row(frame, source, destination, flags, seq, ack=0, length=0, time=None, ip_id=0):
    cells = np.zeros(Seg.COUNT, dtype=np.int64)
    cells[[Seg.SRC_HI, Seg.SRC_LO, Seg.SPORT]] = endpoint(source)
    cells[[Seg.DST_HI, Seg.DST_LO, Seg.DPORT]] = endpoint(destination)
    cells[Seg.FRAME], cells[Seg.TIME] = frame, frame * 1_000_000 if time is None else time
    cells[Seg.FLAGS], cells[Seg.SEQ], cells[Seg.ACK] = flags, seq % 2**32, ack % 2**32
    cells[Seg.LENGTH], cells[Seg.WINDOW], cells[Seg.IP_ID] = length, 100, ip_id
    return cells


def conversation():
    return [
        row(1, CLIENT, SERVER, Flag.SYN, ISN),
        row(2, SERVER, CLIENT, SYN_ACK, PEER_ISN, ISN + 1),
        row(3, CLIENT, SERVER, Flag.ACK, ISN + 1, PEER_ISN + 1),
        row(4, "10.0.0.9:51235", SERVER, Flag.ACK, 1, 1, 10),
        row(5, CLIENT, SERVER, Flag.ACK, ISN + 1, PEER_ISN + 1, 100),
        row(6, CLIENT, SERVER, Flag.ACK, ISN + 1, PEER_ISN + 1, 100),
        row(7, CLIENT, SERVER, Flag.ACK, ISN + 100, PEER_ISN + 1, 1),
        row(8, SERVER, CLIENT, Flag.RST | Flag.ACK, PEER_ISN + 1, ISN + 101),
    ]


def around(rows, reset, start=0):
    return steps(select([np.array(rows)], CLIENT, SERVER), start, reset)


def test_numbers_are_relative_also_when_they_wrap():
    found = around(conversation(), 8)
    assert [(one.frame, one.side, one.seq, one.ack, one.note) for one in found] == [
        (1, 0, 0, None, ""),
        (2, 1, 0, 1, ""),
        (3, 0, 1, 1, ""),
        (5, 0, 1, 1, ""),
        (6, 0, 1, 1, "again"),
        (7, 0, 100, 1, "probe"),
        (8, 1, 1, 101, ""),
    ]


def test_a_refused_syn_is_acknowledged_by_one():
    rows = [row(1, CLIENT, SERVER, Flag.SYN, 777), row(2, SERVER, CLIENT, Flag.RST | Flag.ACK, 0, 778)]
    assert [(one.seq, one.ack) for one in around(rows, 2)] == [(0, None), (0, 1)]


def test_a_connection_without_its_start_counts_from_its_first_segment():
    rows = [
        row(1, SERVER, CLIENT, Flag.ACK, 90_000, 40_000, 50),
        row(2, CLIENT, SERVER, Flag.ACK, 40_000, 90_050, 7),
        row(3, SERVER, CLIENT, Flag.RST, 90_050),
    ]
    assert [(one.seq, one.ack) for one in around(rows, 3)] == [(0, 0), (0, 50), (50, None)]


def test_a_packet_seen_twice_is_a_copy():
    rows = [
        row(1, CLIENT, SERVER, Flag.ACK, 1, 1, 10, time=0, ip_id=9),
        row(2, CLIENT, SERVER, Flag.ACK, 1, 1, 10, time=40, ip_id=9),
        row(3, CLIENT, SERVER, Flag.ACK, 1, 1, 10, time=90, ip_id=10),
    ]
    assert [one.note for one in around(rows, 3)] == ["", "copy", "again"]


def test_a_former_connection_of_the_same_ports_is_left_out():
    before = [row(1, CLIENT, SERVER, Flag.SYN, 1), row(2, SERVER, CLIENT, Flag.RST | Flag.ACK, 0, 2)]
    later = [row(11, CLIENT, SERVER, Flag.SYN, 500), row(12, SERVER, CLIENT, Flag.RST | Flag.ACK, 0, 501)]
    assert [one.frame for one in around(before + later, 12, start=11_000_000)] == [11, 12]
    assert [one.frame for one in around(before + later, 2)] == [1, 2]


def test_a_long_connection_is_kept_in_bounds():
    rows = [row(n, CLIENT, SERVER, Flag.ACK, n * 10, 1, 10) for n in range(1, 3000)]
    found = around(rows, 2500)
    assert len(found) < 700
    (hidden,) = (one for one in found if isinstance(one, Fold))
    frames = [one.frame for one in found if isinstance(one, Step)]
    assert 2500 in frames
    assert hidden.segments == max(frames) - len(frames)


def test_ipv6_ends():
    one, two = "[2001:db8::1]:443", "[fe80::ffff:ffff:ffff:ffff]:5"
    assert endpoint(one) == (0x20010DB8 << 32, 1, 443)
    assert endpoint(two)[1] == -1
    rows = [row(1, two, one, Flag.SYN, 5), row(2, one, two, Flag.RST | Flag.ACK, 0, 6)]
    assert [side for side, _ in select([np.array(rows)], two, one)] == [0, 1]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("2026-11-20T10:00:01.123456789Z", 1795168801123456789),
        ("2026-11-20T10:00:01.5+00:00", 1795168801500000000),
    ],
)
def test_nanoseconds(time, expected):
    assert nanoseconds(time) == expected
