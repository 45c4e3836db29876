from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.reports.fakes import V6_CLIENT, V6_SERVER
from unit.reports.svg.test_markup import HOSTILE
from unit.reports.test_ladder import CONVERSATION, MS, SYN_ACK, S
from whyrst.connections.states import State
from whyrst.fast.layout import Flag
from whyrst.reports.conversation import Conversation
from whyrst.reports.ladder import Step
from whyrst.reports.svg.arrows import Line
from whyrst.reports.svg.ladder import draw

OPEN = (State.ESTABLISHED, State.ESTABLISHED)


def told(items, marks=None, reset=7, client="10.0.0.9:51234", server="10.0.0.5:8080"):
    return Conversation(client, server, items, reset, marks or {})


def parts(drawn, classes):
    """Elements that have these classes."""
    wanted = set(classes.split())
    return [one for one in ET.fromstring(drawn).iter() if wanted <= set(one.get("class", "").split())]


def says(drawn):
    return ["".join(one.itertext()) for one in ET.fromstring(drawn).iter() if one.tag.endswith("}text")]


def test_what_is_written_on_a_ladder():
    picture = draw(told(CONVERSATION, {5: [1, 2], 6: [3]}))
    drawn = says(picture)
    for text in (
        "SYN seq 0 win 64240",
        "SYN,ACK seq 0 ack 1 win 65160",
        "PSH,ACK seq 1 ack 1 len 1448 win 502 sent again",
        "RST,ACK seq 1 ack 1449 win 501",
        "60.80 s of silence",
        "1.98 s of silence (client 62.80 s)",
        "10.0.0.9:51234",
        "0.200000",
    ):
        assert text in drawn
    assert sorted("".join(one.itertext()) for one in parts(picture, "mark")) == ["1", "2", "3"]


def test_segments_point_to_their_receiver():
    heads = parts(draw(told(CONVERSATION)), "head")
    tips = [float(one.get("d")[1:].split()[0]) for one in heads]
    sides = [step.side for step in CONVERSATION]
    assert [tip > 500 for tip in tips] == [side == 0 for side in sides]


def test_the_reset_alone_stands_on_a_band_and_in_red():
    drawn = draw(told(CONVERSATION))
    (band,) = parts(drawn, "band")
    (frame, clock) = parts(drawn, "judged")
    assert (frame.text, clock.text) == ("7", "61.020000")
    assert float(band.get("y")) < float(frame.get("y")) < float(band.get("y")) + float(band.get("height"))
    assert len(parts(drawn, "rst")) == 2  # arrow and label


def test_states_stand_along_the_lines():
    states = [(State.SYN_SENT, State.CLOSED), (State.ESTABLISHED, State.SYN_RECEIVED), OPEN, OPEN, OPEN, OPEN]
    states += [(State.RESET, State.RESET)] * 2
    items = [replace(step, states=both) for step, both in zip(CONVERSATION, states, strict=True)]
    drawn = draw(told(items))
    names = [one.text for one in parts(drawn, "state")]
    assert names == ["SYN-SENT", "ESTABLISHED", "CLOSED", "CLOSED", "SYN-RECEIVED", "ESTABLISHED", "CLOSED"]
    assert len(parts(drawn, "established")) == 2
    assert len(parts(drawn, "reset")) == 2


def test_two_thousand_segments_fold_and_nothing_is_lost():
    steps = [Step(n, n * MS, n % 2, Flag.ACK, n, 1, length=10) for n in range(1, 2000)]
    drawn = draw(told([*steps, Step(2000, 2 * S, 1, Flag.RST, 1, None)], {1000: [1]}, reset=2000))
    rows = [int(one.text) for one in parts(drawn, "muted end") if one.text.isdigit()]
    hidden = [int(one.split()[0].replace(",", "")) for one in says(drawn) if one.endswith("left out")]
    assert len(rows) < 40
    assert 1000 in rows
    assert sum(hidden) + len(rows) + 1 == 2000
    assert float(ET.fromstring(drawn).get("height")) < 1500
    assert "2,000 segments" in ET.fromstring(drawn)[1].text


PLACES = (Line("client", "10.0.0.9:51234", 0), Line("firewall", "edge.pcap", 1), Line("server", "10.0.0.5:80", 2))


def points(drawn):
    """Corners of each arrow's shaft."""
    return [
        [tuple(map(float, point.split())) for point in one.get("d")[1:].split("L")] for one in parts(drawn, "arrow")
    ]


def test_with_several_captures_a_segment_takes_its_time():
    syn = Step(1, 0, 0, Flag.SYN, 0, None, seen=(0, 9 * MS, 20 * MS))
    answer = Step(2, 20 * MS, 1, SYN_ACK, 0, 1, seen=(40 * MS, 31 * MS, 20 * MS))
    there, back = points(draw(told([syn, answer, Step(3, 90 * MS, 1, Flag.ACK, 1, 1, seen=(None,) * 3)]), PLACES))[:2]
    assert [x for x, _ in there][:2] == [272, 582]
    assert there[0][1] < there[1][1] < there[2][1]
    assert back[0][0] > back[1][0] > back[2][0]
    assert back[0][1] < back[1][1] < back[2][1]


def test_a_reset_made_between_two_captures_begins_there():
    reset = Step(7, 9 * MS, 1, Flag.RST, 1, None, seen=(12 * MS, 9 * MS, None))
    drawn = draw(told([reset]), PLACES)
    ((start, *_),) = points(drawn)
    assert 582 < start[0] < 892
    assert any(one.tag.endswith("circle") for one in parts(drawn, "head"))


def test_a_segment_lost_between_two_captures_ends_there():
    lost = Step(7, 0, 0, Flag.PSH | Flag.ACK, 1, 1, length=5, seen=(0, 3 * MS, None))
    drawn = draw(told([lost]), PLACES)
    ((*_, end),) = points(drawn)
    assert 582 < end[0] < 892
    assert len(parts(drawn, "cross")) == 2
    assert not parts(drawn, "head")
    assert any("Cross: lost there" in one for one in says(drawn))


def test_where_the_next_capture_cannot_tell_it_is_asked():
    seen = {"seen": (None, 9 * MS, None), "unsure": (True, False, True)}
    drawn = draw(told([Step(7, 9 * MS, 1, Flag.RST, 1, None, frames=(None, 12, None), **seen)]), PLACES)
    assert [one.text for one in parts(drawn, "note")] == ["?", "?"]
    assert not parts(drawn, "head")
    assert not parts(drawn, "cross")
    assert "- 12 -" in says(drawn)


def test_a_gap_between_two_sightings_is_passed():
    drawn = draw(told([Step(7, 0, 0, Flag.SYN, 0, None, seen=(0, None, 9 * MS), unsure=(False, True, False))]), PLACES)
    ((one, two),) = points(drawn)
    assert (one[0], two[0] > 880) == (272, True)
    assert not parts(drawn, "note")


def test_a_place_in_the_middle_alone_leaves_the_ends_level():
    lines = (Line("client"), Line("span port", "", 0), Line("server"))
    ((one, two, three),) = points(draw(told([Step(1, 0, 0, Flag.SYN, 0, None, seen=(5,))]), lines))
    assert one[1] == two[1] == three[1]
    assert one[0] == 272


def test_it_stands_alone_or_among_others():
    assert "<style>" in draw(told(CONVERSATION))
    assert "<style>" not in draw(told(CONVERSATION), alone=False)


def test_nothing_is_loaded_and_nothing_runs():
    drawn = draw(told(CONVERSATION, client=HOSTILE, server=HOSTILE), (Line(HOSTILE, HOSTILE), Line("server", HOSTILE)))
    for one in ET.fromstring(drawn).iter():
        assert not one.tag.endswith(("script", "image", "foreignObject", "use", "a"))
        assert not [name for name in one.keys() if name.startswith("on") or name.endswith("href")]  # noqa: SIM118
    assert "url(" not in drawn


def test_no_segments_no_ladder_but_a_picture():
    assert "0 segments" in ET.fromstring(draw(told([])))[1].text


def test_large_numbers_have_room():
    far = replace(CONVERSATION[-1], frame=4_000_000_000, time=10**18)
    drawn = draw(told([*CONVERSATION[:-1], far]))
    for one in parts(drawn, "muted end"):
        assert float(one.get("x")) >= len(one.text) * 6.95
    frame, clock = parts(drawn, "muted end")[-2:]
    assert float(clock.get("x")) - float(frame.get("x")) > len(clock.text) * 6.95


@pytest.mark.parametrize("ends", [(V6_CLIENT, V6_SERVER), ("10.0.0.9:1", "10.0.0.5:2"), ("x" * 300, "y" * 300)])
def test_headings_stay_on_the_sheet(ends):
    drawn = ET.fromstring(draw(told(CONVERSATION, client=ends[0], server=ends[1])))
    width = float(drawn.get("width"))
    for one in drawn.iter():
        if one.tag.endswith("}text") and "mid" in one.get("class", ""):
            half = len(one.text) * 6.95 / 2
            assert half <= float(one.get("x")) <= width - half


@settings(max_examples=60, deadline=None)
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
            note=st.sampled_from(["", "again", "probe", "copy", "dup ack"]),
            states=st.none() | st.tuples(st.sampled_from(State), st.sampled_from(State)),
            seen=st.tuples(*[st.none() | st.integers(0, 2**60)] * 3),
        ),
        max_size=50,
    ),
    st.sampled_from([(), PLACES]),
)
def test_any_conversation_can_be_drawn(steps, lines):
    marks = {step.frame: list(range(1, 9)) for step in steps[::3]}
    drawn = ET.fromstring(draw(told(steps, marks, reset=steps[-1].frame if steps else 1), lines))
    width, height = float(drawn.get("width")), float(drawn.get("height"))
    for one in drawn.iter():
        for name, most in (("x", width), ("cx", width), ("y", height)):
            assert 0 <= float(one.get(name, 0)) <= most
