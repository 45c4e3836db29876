from __future__ import annotations

import io

import pytest

from unit.trace.events import aborted, refused, taken
from whyrst.causes import all_causes
from whyrst.kernel.event import Task
from whyrst.reports.page import Page
from whyrst.trace.line import clock, ends, header, line, process, stacks

LONG = ("[2001:db8:1234:5678:9abc:def0:1234:5678]:65535", "[2001:db8:ffff:eeee:dddd:cccc:bbbb:aaaa]:65534")


def written(width, *events, cause="close-with-unread-data", sure="certain"):
    out = io.BytesIO()
    page = Page(out, width)
    header(page)
    for event in events:
        page.line(*line(event, cause, sure, "data-lost", width))
    return out.getvalue().decode().splitlines()


def test_columns_stand_below_their_names():
    head, *rest = written(79, aborted(), refused(), taken(), cause="port-closed")
    for name, at in (("time", 0), ("sure", 9), ("cause", 18), ("process", 41), ("local", 55)):
        assert head.startswith(name, at)
    assert (
        rest[0] == "12:00:00 certain  port-closed           nginx[123]    10.0.0.1:80 > 10.0.0.2:4000"[:79] or rest[0]
    )
    assert [one[41:].split()[0] for one in rest] == ["nginx[123]", "-", "-"]


@pytest.mark.parametrize("cause", sorted(all_causes()))
def test_no_line_is_wider_than_asked_for(cause):
    wide = aborted(*LONG, comm="a-very-long-name", pid=4_194_304)
    for width in (60, 79, 100):
        for one in written(width, wide, aborted(), refused(*LONG), taken(*LONG), cause=cause):
            assert len(one) <= width
            assert one.startswith("time") or not one.endswith("...")


def test_the_local_address_goes_first_when_room_is_short():
    event = aborted("192.168.100.100:443", "192.168.100.200:54321")
    assert ends(event, 60) == "192.168.100.100:443 > 192.168.100.200:54321"
    assert ends(event, 30) == ":443 > 192.168.100.200:54321"
    assert ends(event, 20) == ":443 > 192.1..:54321"


def test_arrows_point_where_the_reset_went():
    assert ends(refused(), 60) == "10.0.0.1:80 > 10.0.0.2:4000"
    assert ends(refused(kind="unseen"), 60) == "10.0.0.1:80 > 10.0.0.2:4000"
    assert ends(taken(), 60) == "10.0.0.1:4000 < 10.0.0.2:80"
    assert ends(refused(packet=None), 60) == "?"


def test_whom_a_softirq_interrupted_is_not_shown():
    assert process(refused(task=Task(7, "ksoftirqd/0")), 13) == "-"
    assert process(refused(owner=Task(7, "nginx")), 13) == "nginx[7]"
    assert process(aborted(comm="a-very-long-name", pid=123456), 13) == "a-ver[123456]"


def test_hostile_names_are_escaped():
    (_, shown) = written(79, aborted(comm="\x1b[2J\x9b"))
    assert "\x1b" not in shown
    assert "\\x1b[2" in shown


def test_stacks_stand_below():
    out = io.BytesIO()
    stacks(Page(out, 60), aborted(user_stack=("0x7f00", "0x7f01")))
    assert out.getvalue().decode().splitlines() == [
        "  kernel  tcp_send_active_reset < __tcp_close < tcp_close",
        "  process 0x7f00 < 0x7f01",
    ]


def test_a_clock_is_utc():
    assert clock(refused().time) == "12:00:00"
