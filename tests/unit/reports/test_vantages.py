from __future__ import annotations

import pytest

from whyrst.reports.vantages import Passage, vantages

SYN, RST, PSH, ACK = 2, 4, 8, 16
NAMES = ("client", "between", "server")


def passage(frames, *, time=0, forth=True, flags=SYN, absent=(False, False, False), **more):
    return Passage(time, forth, flags, 0, 0, None, frames, absent[: len(frames)], **more)


def test_one_line_per_segment_with_the_frames_of_each_place():
    lines = vantages(NAMES, [passage((1, 2, 3)), passage((4, 5, 6), time=1500, forth=False, flags=SYN | ACK)])
    assert lines == [
        "   seconds  client                  between                 server",
        "  0.000000  |- SYN seq 0 ---------->|---------------------->|     1     2     3",
        "  0.000002  |<----------------------|<------ SYN,ACK seq 0 -|     4     5     6",
    ]


@pytest.mark.parametrize(
    ("frames", "forth", "absent", "drawn"),
    [
        ((1, None, None), True, (False, True, True), "x"),
        ((1, None, None), True, (False, False, False), "?"),
        ((None, None, 9), False, (True, True, False), "x"),
        ((7, None, None), False, (False, True, True), "*"),
        ((None, 8, 9), True, (True, False, False), "*"),
    ],
    ids=["lost", "not-known", "lost-back", "made-between-back", "made-between"],
)
def test_where_a_segment_begins_and_ends(frames, forth, absent, drawn):
    (_, line) = vantages(NAMES, [passage(frames, forth=forth, absent=absent, flags=RST, wanted=True)])
    lanes = line[12 : 12 + 49]
    assert lanes.count(drawn) == 1
    assert "RST" in lanes


def test_a_silence_has_a_line():
    lines = vantages(NAMES[:2], [passage((1, 1)), passage((2, 2), time=65_000_000_000)])
    assert "... 65.00 s of silence ..." in lines[2]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_lines_keep_to_the_width(width):
    far = passage((123456, 234567, None), time=10**13, note="192.0.2.10:40000 > 198.51.100.7:80", wanted=True)
    assert all(len(line) <= width for line in vantages(NAMES, [passage((1, 2, 3)), far], width))


def test_nothing_to_draw():
    assert vantages(NAMES, []) == []
