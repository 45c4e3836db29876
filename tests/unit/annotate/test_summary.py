from __future__ import annotations

from msgspec.structs import replace

from unit.reports.fakes import INCIDENT, quality, verdict
from whyrst.annotate.summary import INCIDENTS, Summary
from whyrst.model import Damage


def test_the_worst_stands_first():
    summary = Summary()
    for one in (verdict(harm="none"), verdict(cause="port-closed", harm="refused"), verdict(harm="data-lost")):
        summary.add(one)
    head, *lines = summary.text(quality(), (INCIDENT,), None).split("\n")
    assert head.startswith("whyrst ")
    assert head.endswith(": 3 TCP resets in 1,143 packets")
    assert lines == [
        "2 x close-with-unread-data (data lost)",
        "1 x port-closed (refused)",
        "incident i1: 10.0.0.5:8080 was away for 3.2 s: 214 resets",
        'to see the packets in question, filter by: frame.comment contains "whyrst"',
    ]


def test_filter_and_damage_are_told():
    damaged = quality(damage=(Damage("shop.pcap", 47, "the file ends"),))
    lines = Summary().text(damaged, (), "port 80\x1b").split("\n")
    assert lines[1:] == [
        "only packets that this filter takes were judged: port 80\\x1b",
        "the capture is damaged, byte 47: the file ends",
    ]


def test_many_incidents_are_counted():
    many = [replace(INCIDENT, id=f"i{n}") for n in range(INCIDENTS + 3)]
    assert "and 3 more incidents" in Summary().text(quality(), many, None)
