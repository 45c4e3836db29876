from __future__ import annotations

import msgspec

from unit.reports.fakes import INCIDENT, Fake, verdict
from whyrst.cli.chosen import Chosen


def of(frame, community_id, **more):
    one = verdict(frame, **more)
    return msgspec.structs.replace(one, connection=msgspec.structs.replace(one.connection, community_id=community_id))


def test_only_the_wanted_connections_are_passed_on():
    batches = [[of(1, "a"), of(2, "b"), of(3, "a", cause="port-closed")], [of(4, "c")], [of(5, "a"), of(6, "d")]]
    chosen = Chosen(Fake(*batches), {"a", "d"})
    parts = list(chosen.batches())
    assert [[part.verdict(row).frame for row in range(len(part))] for part in parts] == [[1, 3], [5, 6]]
    assert [part.frame.tolist() for part in parts] == [[1, 3], [5, 6]]
    first = parts[0]
    assert [first.ids[code] for code in first.cause] == ["close-with-unread-data", "port-closed"]
    assert [first.community_id(row) for row in range(2)] == ["a", "a"]
    assert first.ruled_out(1) == [("port-scan", "a single port was tried")]
    assert chosen.quality.packets == 1143


def test_incidents_are_those_of_the_connections():
    other = msgspec.structs.replace(INCIDENT, id="i2")
    source = Fake([of(1, "a", incident="i1"), of(2, "b", incident="i2"), of(3, "a")], incidents=(INCIDENT, other))
    chosen = Chosen(source, {"a"})
    (part,) = chosen.batches()
    assert list(part.incident) == ["i1", None]
    assert chosen.incidents == (INCIDENT,)


def test_a_report_that_cannot_be_read_again_has_no_segments():
    assert list(Chosen(Fake([]), {"a"}).reread()) == []
