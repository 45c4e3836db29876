from __future__ import annotations

from xml.etree import ElementTree as ET

from unit.reports.test_timeline import Batch
from whyrst.reports.svg.histogram import histogram
from whyrst.reports.timeline import FINEST, Timeline


def drawn(*times_and_harms, alone=True):
    line = Timeline()
    line.add(Batch([time for time, _ in times_and_harms], [harm for _, harm in times_and_harms]))
    return histogram(line, {at: f"2026-01-01T00:00:00.{at:03}Z" for at in range(200)}, alone=alone)


def bars(picture):
    return [one for one in ET.fromstring(picture).iter() if one.get("class", "").startswith("harm-")]


def test_columns_are_as_tall_as_their_counts():
    found = bars(drawn((0, 3), (1, 3), (2, 3), (FINEST, 1)))
    assert [one.get("class") for one in found] == ["harm-data-lost", "harm-refused"]
    tall, short = (float(one.get("height")) for one in found)
    assert abs(tall - 3 * short) < 0.2
    assert float(found[0].get("x")) < float(found[1].get("x"))


def test_harms_are_stacked():
    lost, harmless = bars(drawn((0, 3), (0, 0), (FINEST, 0)))[:2]
    assert float(harmless.get("y")) + float(harmless.get("height")) == float(lost.get("y"))


def test_it_says_what_it_shows():
    picture = drawn((0, 3), (FINEST, 1), (FINEST, 0))
    assert "3 resets in columns of 1 ms, at most 2 in one." in picture
    assert "00:00:00.001Z, 1 ms: 1 refused, 1 harmless" in picture


def test_everything_stays_on_the_sheet():
    for one in bars(drawn(*((n * FINEST, 2) for n in range(120)))):
        assert 0 <= float(one.get("x")) <= 1080 - float(one.get("width"))
        assert float(one.get("y")) >= 0
