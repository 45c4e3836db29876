from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from whyrst.fast.layout import Flag
from whyrst.reports.ladder import Fold, Step, flag_names, fold, frames_filter, ladder, stream_filter

MS = 1_000_000
S = 1000 * MS
SYN_ACK = Flag.SYN | Flag.ACK
PUSH = Flag.PSH | Flag.ACK
RST_ACK = Flag.RST | Flag.ACK

CONVERSATION = [
    Step(1, 0, 0, Flag.SYN, 0, None, window=64240),
    Step(2, 120_000, 1, SYN_ACK, 0, 1, window=65160),
    Step(3, 150_000, 0, Flag.ACK, 1, 1, window=502),
    Step(4, 200_000, 0, PUSH, 1, 1, length=1448, window=502),
    Step(5, 200 * MS, 0, PUSH, 1, 1, length=1448, window=502, note="again"),
    Step(6, 61 * S, 1, Flag.ACK, 1, 1449, window=10),
    Step(7, 61 * S + 20 * MS, 1, RST_ACK, 1, 1449, window=501),
    Step(9, 63 * S, 0, Flag.FIN | Flag.ACK, 1449, 1, window=502),
]


def drawn(items, marks=None, width=80, client="10.0.0.9:51234", server="10.0.0.5:8080"):
    return "\n".join(ladder(client, server, items, marks or {}, width))


def test_a_conversation():
    assert (
        drawn(CONVERSATION, {6: [1], 7: [1, 12]})
        == """\
frame     seconds  client 10.0.0.9:51234             10.0.0.5:8080 server
    1    0.000000  |- SYN seq 0 win 64240 ----------------------------->|
    2    0.000120  |<------------------- SYN,ACK seq 0 ack 1 win 65160 -|
    3    0.000150  |- ACK seq 1 ack 1 win 502 ------------------------->|
    4    0.000200  |- PSH,ACK seq 1:1449 ack 1 win 502 ---------------->|
    5    0.200000  |- PSH,ACK seq 1:1449 ack 1 win 502 again ---------->|
                   |             ... 60.80 s of silence ...             |
    6   61.000000  |<----------------------- ACK seq 1 ack 1449 win 10 -| [1]
    7   61.020000  |<================== RST,ACK seq 1 ack 1449 win 501 =| [1,12]
                   |     ... 1.98 s of silence (client 62.80 s) ...     |
    9   63.000000  |- FIN,ACK seq 1449 ack 1 win 502 ------------------>|"""
    )


def test_what_does_not_fit_is_left_out_from_the_right():
    large = Step(4, 0, 0, PUSH, 4_000_000_000, 4_000_000_000, length=65535, window=65535)
    (_, wide) = ladder("a:1", "b:2", [large], {}, 90)
    (_, narrow) = ladder("a:1", "b:2", [large], {}, 66)
    assert "PSH,ACK seq 4000000000:4000065535 ack 4000000000 win 65535" in wide
    assert "PSH,ACK seq 4000000000:4000065535 -" in narrow


def test_long_addresses_are_left_to_the_heading():
    lines = ladder("[2001:db8:1:2:3:4:5:6]:50000", "[2001:db8:1:2:3:4:5:7]:50000", CONVERSATION[:1], {}, 80)
    assert lines[0].split() == ["frame", "seconds", "client", "server"]


def test_a_fold_counts_what_it_hides():
    hidden = Fold(1204, 12_000, 1_200_000, 2 * MS, 3 * MS)
    assert "... 1,204 segments, client 12 kB, server 1.2 MB ..." in drawn([CONVERSATION[0], hidden, CONVERSATION[-1]])


def test_a_short_ladder_is_not_folded():
    assert fold(CONVERSATION, 7, []) == CONVERSATION


def test_the_middle_of_a_long_ladder_is_folded():
    steps = [Step(n, n * MS, n % 2, Flag.ACK, n, 1, length=10) for n in range(1, 1001)]
    items = fold(steps, reset_frame=900, marked=[500])
    frames = [item.frame for item in items if isinstance(item, Step)]
    assert frames == [1, 2, 3, 4, 499, 500, 501, *range(888, 907)]
    folds = [item for item in items if isinstance(item, Fold)]
    assert sum(one.segments for one in folds) == 1000 - len(frames)
    assert sum(one.bytes_client + one.bytes_server for one in folds) == 10 * (1000 - len(frames))


def test_folds_that_meet_become_one():
    steps = [Step(n, n * MS, 0, Flag.ACK, n, 1) for n in range(1, 101)]
    early = Fold(7, 1, 2, 50 * MS, 50 * MS)
    items = fold([*steps[:50], early, *steps[50:]], reset_frame=100, marked=[])
    assert [item.segments for item in items if isinstance(item, Fold)] == [7 + 100 - 4 - 13]


def test_silences_stay_visible_when_folded():
    steps = [Step(n, n * MS + (61 * S if n > 300 else 0), 0, Flag.ACK, n, 1) for n in range(1, 501)]
    shown = drawn(fold(steps, reset_frame=500, marked=[]))
    assert "... 61.00 s of silence ..." in shown


def test_of_many_silences_those_nearest_to_the_reset_stay():
    steps = [Step(n, n * 2 * S, 0, Flag.ACK, n, 1) for n in range(1, 501)]
    frames = [item.frame for item in fold(steps, reset_frame=250, marked=[]) if isinstance(item, Step)]
    assert frames == [1, 2, 3, 4, *range(238, 257)]


def test_flag_names():
    assert flag_names(Flag.RST | Flag.ACK) == "RST,ACK"
    assert flag_names(0) == "no flags"


def test_display_filters():
    assert stream_filter(4) == "tcp.stream eq 4"
    assert frames_filter([6, 5, 6]) == "frame.number in {5, 6}"


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(
            Step,
            frame=st.integers(1, 2**32),
            time=st.integers(0, 2**60),
            side=st.integers(0, 1),
            flags=st.integers(0, 511),
            seq=st.integers(-(2**40), 2**40),
            ack=st.none() | st.integers(-(2**40), 2**40),
            length=st.integers(0, 2**16),
            window=st.integers(0, 2**16),
            note=st.sampled_from(["", "again", "probe", "copy"]),
        ),
        max_size=50,
    ),
    st.integers(60, 100),
)
def test_no_line_is_wider_than_asked_for(steps, width):
    marks = {step.frame: list(range(1, 9)) for step in steps[::3]}
    reset = steps[-1].frame if steps else 1
    for line in ladder("10.0.0.9:51234", "10.0.0.5:8080", fold(steps, reset, marks), marks, width):
        assert len(line) <= width
