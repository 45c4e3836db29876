from __future__ import annotations

import pytest

from unit.reports.fakes import verdict
from whyrst import model
from whyrst.annotate import notes as module
from whyrst.annotate.notes import Notes


def of(frame, *frames):
    return verdict(frame, evidence=(model.Evidence("needed", "yes", f"fact of {frame}", frames),))


def test_comments_come_in_the_order_of_packets():
    with Notes() as notes:
        for frame, shown in ((900, (3, 800)), (10, (3, 900)), (800, ())):
            notes.add(of(frame, *shown))
        found = list(notes)
        assert [frame for frame, _ in found] == [3, 10, 800, 900]
        assert notes.frames == 4
        assert notes.resets == 3
    by_frame = dict(found)
    assert [one.partition(" (")[0] for one in by_frame[3]] == [
        "whyrst: evidence for reset in frame 900",
        "whyrst: evidence for reset in frame 10",
    ]
    assert by_frame[900][0].startswith("whyrst: close-with-unread-data")  # the verdict stands first
    assert by_frame[900][1].startswith("whyrst: evidence for reset in frame 10")


def test_a_packet_of_many_resets_has_few_comments():
    with Notes() as notes:
        for frame in range(10, 10 + module.MOST + 5):
            notes.add(of(frame, 3))
        (_, comments), *_ = notes
    assert len(comments) == module.MOST + 1
    assert comments[-1] == "whyrst: evidence for 5 more resets"


def test_nothing_is_said_of_nothing():
    with Notes() as notes:
        assert list(notes) == []
        assert notes.frames == 0


@pytest.mark.parametrize("count", [3000])
def test_comments_leave_memory(count, tmp_path, monkeypatch):
    """Some 5 MB of comments: the cache of 200 kB does not hold them, the file does."""
    monkeypatch.setattr(module, "CACHE", 200 << 10)
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    with Notes() as notes:
        for frame in range(count, 0, -1):
            notes.add(verdict(frame, evidence=(model.Evidence("needed", "yes", "x" * 800, (frame + count,)),)))
        assert [frame for frame, _ in notes] == list(range(1, 2 * count + 1))
