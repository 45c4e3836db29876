from __future__ import annotations

import numpy as np
import pytest

from whyrst.fast.layout import Flag, Seg
from whyrst.reports.ladder import Fold, Step
from whyrst.reports.steps import Steps, endpoint, nanoseconds

CLIENT, SERVER = "10.0.0.9:51234", "10.0.0.5:8080"
SYN_ACK = Flag.SYN | Flag.ACK
ISN, PEER_ISN = 2**32 - 2, 5000
FROM = [Seg.SRC_HI, Seg.SRC_LO, Seg.SPORT]
TO = [Seg.DST_HI, Seg.DST_LO, Seg.DPORT]


def row(frame, source, destination, flags, seq, ack=0, length=0, time=None, ip_id=0):
    cells = np.zeros(Seg.COUNT, dtype=np.int64)
    cells[FROM] = endpoint(source)
    cells[TO] = endpoint(destination)
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


def around(rows, reset, start=0, wanted=(), batch=2048):
    """Steps around a reset, of the rows between both ends, in batches."""
    ends = sorted([endpoint(CLIENT), endpoint(SERVER)])
    taken = Steps(endpoint(CLIENT), start, reset, wanted)
    mine = [one for one in rows if sorted([tuple(one[FROM].tolist()), tuple(one[TO].tolist())]) == ends]
    for at in range(0, len(mine), batch):
        taken.take(np.array(mine[at : at + batch]))
    return taken.items()


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


def transfer(segments, reset):
    """Data of the server with an ACK for every second segment, then the client's reset."""
    rows = [row(1, CLIENT, SERVER, Flag.SYN, ISN), row(2, SERVER, CLIENT, SYN_ACK, PEER_ISN, ISN + 1)]
    for n in range(3, segments):
        sent = PEER_ISN + 1 + (n - 3) // 2 * 1448
        if n % 2:
            rows.append(row(n, SERVER, CLIENT, Flag.ACK, sent, ISN + 1, 1448))
        else:
            rows.append(row(n, CLIENT, SERVER, Flag.ACK, ISN + 1, sent + 1448))
    rows.insert(reset - 1, row(reset, CLIENT, SERVER, Flag.RST, ISN + 1))
    return rows


@pytest.mark.parametrize("batch", [1, 7, 2048])
def test_what_is_summed_up_in_bulk_counts_as_if_taken_one_by_one(batch):
    found = around(transfer(5000, 5000), 5000, batch=batch)
    shown = [one for one in found if isinstance(one, Step)]
    hidden = [one for one in found if isinstance(one, Fold)]
    assert sum(one.segments for one in hidden) + len(shown) == 5000
    assert {one.bytes_client for one in hidden} == {0}
    assert sum(one.bytes_server for one in hidden) == sum(1448 for _ in range(3, 5000, 2)) - sum(
        one.length for one in shown
    )
    assert {one.note for one in shown} == {""}
    assert shown[-2].seq == 1 + (4999 - 3) // 2 * 1448
    assert shown[-1].frame == 5000


def test_frames_that_are_asked_for_are_kept_wherever_they_stand():
    found = around(transfer(5000, 5000), 5000, wanted=[1500, 1501, 2500])
    kept = [one.frame for one in found if isinstance(one, Step) and 100 < one.frame < 4000]
    assert kept == [1500, 1501, 2500]
    assert [one.seq for one in found if isinstance(one, Step) and one.frame == 1501] == [1 + 749 * 1448]


def test_nothing_is_read_long_after_the_reset():
    taken = Steps(endpoint(CLIENT), 0, 100)
    taken.take(np.array(transfer(5000, 100)))
    assert taken.done
    assert max(one.frame for one in taken.items()) < 200


def test_the_states_are_those_of_the_tracker():
    rows = [*conversation()[:3], row(9, SERVER, CLIENT, Flag.FIN | Flag.ACK, PEER_ISN + 1, ISN + 1)]
    rows += [row(10, CLIENT, SERVER, Flag.RST, ISN + 1)]
    assert [tuple(state.name for state in one.states) for one in around(rows, 10)] == [
        ("SYN_SENT", "CLOSED"),
        ("ESTABLISHED", "SYN_RECEIVED"),
        ("ESTABLISHED", "ESTABLISHED"),
        ("CLOSE_WAIT", "FIN_WAIT_1"),
        ("RESET", "RESET"),
    ]


def test_states_stay_with_their_ends_when_the_tracker_guesses_the_client_wrong():
    rows = [row(1, SERVER, CLIENT, Flag.FIN | Flag.ACK, 1, 1), row(2, CLIENT, SERVER, Flag.RST, 1)]
    for one in rows:  # a server on a high port, a client on a low one
        one[Seg.SPORT], one[Seg.DPORT] = (40000, 80) if one[Seg.FRAME] == 1 else (80, 40000)
    taken = Steps((*endpoint(CLIENT)[:2], 80), 0, 2)
    taken.take(np.array(rows))
    assert [state.name for state in taken.items()[0].states] == ["CLOSE_WAIT", "FIN_WAIT_1"]


def test_an_ack_without_news_while_data_is_under_way_is_a_duplicate():
    rows = [
        row(1, SERVER, CLIENT, Flag.ACK, 100, 1, 10),
        row(2, CLIENT, SERVER, Flag.ACK, 1, 110),
        row(3, CLIENT, SERVER, Flag.ACK, 1, 110),
        row(4, SERVER, CLIENT, Flag.ACK, 120, 1, 10),
        row(5, CLIENT, SERVER, Flag.ACK, 1, 110),
        row(6, CLIENT, SERVER, Flag.RST, 1),
    ]
    assert [one.note for one in around(rows, 6)] == ["", "", "", "", "dup ack", ""]


def test_ipv6_ends():
    one, two = "[2001:db8::1]:443", "[fe80::ffff:ffff:ffff:ffff]:5"
    assert endpoint(one) == (0x20010DB8 << 32, 1, 443)
    assert endpoint(two)[1] == -1
    rows = [row(1, two, one, Flag.SYN, 5), row(2, one, two, Flag.RST | Flag.ACK, 0, 6)]
    taken = Steps(endpoint(two), 0, 2)
    taken.take(np.array(rows))
    assert [found.side for found in taken.items()] == [0, 1]


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
