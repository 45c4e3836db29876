from __future__ import annotations

from unit.reports.fakes import verdict
from unit.reports.svg.test_ladder import parts, points, says
from unit.reports.test_ladder import MS
from whyrst.fast.layout import Flag
from whyrst.reports.svg.passages import side_by_side
from whyrst.reports.vantages import Passage

CONNECTION = verdict().connection
SYN = Passage(0, True, Flag.SYN, 0, 0, None, (3, 1, 9), (False,) * 3, window=64240, times=(0, 9 * MS, 20 * MS))
FORGED = Passage(30 * MS, False, Flag.RST, 1, 0, None, (4, 2, None), (False, False, True), wanted=True)
PLACES = [("client", "a.pcap"), ("between", "b.pcap"), ("server", "c.pcap")]


def test_passages_become_arrows():
    drawn = side_by_side(CONNECTION, PLACES, [SYN, FORGED])
    there, back = points(drawn)
    assert there[0][1] < there[1][1] < there[-1][1], "its times are known: it takes its time"
    assert len({y for _, y in back}) == 1, "its times are not known: it is level"
    assert {"SYN seq 0 win 64240", "3 1 9", "4 2 -", "client", "between", "server", "b.pcap"} <= set(says(drawn))
    assert [one.text for one in parts(drawn, "judged")] == ["4 2 -", "0.030000"]


def test_ends_without_a_capture_have_their_lines():
    one = Passage(0, True, Flag.SYN, 0, 0, None, (3,), (False,))
    drawn = says(side_by_side(CONNECTION, [("between", "b.pcap")], [one]))
    assert [name for name in drawn if name in {"client", "between", "server"}] == ["client", "between", "server"]
    assert CONNECTION.client in drawn


def test_no_passages():
    assert "0 segments" in side_by_side(CONNECTION, PLACES, [])
