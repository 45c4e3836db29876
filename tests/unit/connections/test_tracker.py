"""The tracker's tables: what leaves them, what they keep, and that they stay bounded."""
# ruff: noqa: SIM300 - cells have the names of constants, and are none

import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from unit.connections.ladder import SHAKE, Ladder, Seen, follow, play
from whyrst.connections.tracker import PAYLOAD, Tracker
from whyrst.fast.layout import Seg
from whyrst.fast.tables import Conn, End, Use

CLOSE = "client >> FIN,ACK\nserver >> FIN,ACK\nclient >> ACK\n"


def many(count, text, ladder=None):
    """The same conversation from so many clients, one after the other."""
    ladder = ladder or Ladder()
    for k in range(count):
        ladder.use((40000 + k, 80))
        ladder.write(text)
    return ladder


def accounted(seen):
    """Every connection is live, finished or gone; the lists of the table say the same as its counters."""
    used = seen.table[:, Conn.USED].tolist()
    assert used.count(Use.LIVE) == seen.g.LIVE
    assert used.count(Use.FINISHED) == seen.g.FINISHED
    assert seen.g.LIVE + seen.g.FINISHED + seen.g.RELEASED == seen.g.STREAMS
    return seen


def test_open_connections_stay():
    seen = accounted(play(many(10, SHAKE)))
    assert (seen.g.LIVE, seen.g.FINISHED, seen.g.EVICTED) == (10, 0, 0)


def test_the_longest_idle_goes_when_the_table_is_full():
    seen = accounted(play(many(20, SHAKE), limit=8))
    assert (seen.g.LIVE, seen.g.EVICTED, seen.g.RELEASED) == (8, 12, 12)
    assert seen.held == list(range(12, 20))


def test_who_speaks_is_not_idle():
    ladder = many(8, SHAKE)
    ladder.use((40000, 80))
    ladder.write("client >> ACK seq=1001 ack=5001")
    for k in range(8, 11):
        ladder.use((40000 + k, 80))
        ladder.write(SHAKE)
    assert play(ladder, limit=8).held == [0, 4, 5, 6, 7, 8, 9, 10]


def test_finished_ones_go_before_live_ones():
    ladder = many(4, SHAKE)
    ladder.use((50000, 80))
    ladder.write(SHAKE + CLOSE)
    ladder.use((50001, 80))
    seen = accounted(play(ladder.write(SHAKE), limit=5))
    assert (seen.g.EVICTED, seen.g.LIVE, seen.g.FINISHED) == (0, 5, 0)


def test_finished_connections_are_kept_in_number():
    seen = accounted(play(many(20, SHAKE + CLOSE), keep=4))
    assert (seen.g.FINISHED, seen.g.RELEASED, seen.held) == (4, 16, [16, 17, 18, 19])


def test_finished_connections_leave_after_two_minutes():
    ladder = many(3, SHAKE + CLOSE)
    ladder.use((50000, 80))
    seen = accounted(play(ladder.write("client >> SYN wait=130\nserver >> RST,ACK")))
    assert seen.held == [3]


def test_one_that_lived_through_a_reset_stays():
    ladder = Ladder().write(SHAKE + "server >> RST seq=+9 aside\nclient >> ACK len=5 wait=60\nserver >> ACK\n")
    ladder.use((50000, 80))
    seen = accounted(play(ladder.write("client >> SYN wait=70\nserver >> RST,ACK")))
    assert seen.held == [0, 1]
    assert seen.conn(0).USED == Use.LIVE


def test_one_whose_ports_were_used_again_does_not_come_back():
    text = "server >> RST seq=+9 aside\nclient >> ACK len=5 wait=60\nserver >> ACK\nclient >> SYN seq=99999 wait=30\n"
    ladder = Ladder().write(SHAKE + text)
    ladder.use((50000, 80))
    seen = accounted(play(ladder.write("client >> SYN wait=31\nserver >> RST,ACK")))
    assert seen.held == [1, 2]


def test_forgotten_old_connection_is_unknown_to_its_follower():
    ladder = Ladder().write(SHAKE + "client >> RST\n")
    for k in range(3):
        ladder.use((50000 + k, 80))
        ladder.write(SHAKE)
    ladder.use((40000, 80))
    seen = accounted(play(ladder.write("client >> SYN seq=99999"), limit=4))
    assert (seen.conn().OLD_STREAM, seen.conn().OLD_FINS) == (-1, 0)
    assert seen.resets[0].own.SYN_AFTER == seen.rows[-1, Seg.TIME]


def test_log_tells_about_connections_that_left():
    ladder = many(5, SHAKE + "client >> PSH,ACK len=10\nserver >> ACK len=20\n" + CLOSE)
    ladder.use((50000, 81))
    seen = play(ladder.write("client >> SYN\nserver >> RST,ACK seq=0"), keep=1)
    assert seen.g.LINES == 6
    line = seen.log(0)
    assert (line.STREAM, line.CLIENT_BYTES, line.SERVER_BYTES) == (0, 10, 20)
    assert line.END == End.CLIENT_FIN | End.SERVER_FIN
    assert line.T_SYN < line.T_SYNACK < line.T_END < line.T_LAST
    assert seen.log(5).END == End.SERVER_RST | End.REFUSED


def test_log_is_a_ring():
    seen = play(many(100, "client >> SYN\nserver >> RST,ACK seq=0\n"), lines=16)
    assert sorted(seen.tracker.log[0].tolist()) == list(range(84, 100))


def test_missing_handshakes_and_directions_are_counted():
    ladder = many(3, "client >> ACK len=5\n" * 4)
    ladder.use((50000, 80))
    seen = play(ladder.write(SHAKE + CLOSE))
    assert (seen.g.NO_HANDSHAKE, seen.g.ONE_SIDED) == (3, 3)


def test_resets_come_in_order_and_once():
    ladder = many(50, "client >> SYN\nserver >> RST,ACK seq=0\n")
    seen = play(ladder, pending=8)
    assert [r.own.ORDINAL for r in seen.resets] == list(range(50))
    assert [r.segment.FRAME for r in seen.resets] == list(range(2, 102, 2))


def test_close_without_segments():
    assert list(Tracker().close()) == []


def test_names_are_kept_once():
    buffer = b"..example.orgexample.net"
    name = "client >> PSH,ACK len=30 name_at={} name_length=11\n"
    ladder = many(3, SHAKE + name.format(2))
    many(1, SHAKE.replace("seq=1000", "seq=99") + name.format(13), ladder)
    seen = play(ladder, buffer=buffer)
    assert sorted(seen.tracker.names.values()) == ["example.net", "example.org"]
    assert seen.tracker.names[seen.conn(1).NAME] == "example.org"
    assert seen.tracker.names[seen.conn(3).NAME] == "example.net"


def test_more_names_in_a_batch_than_are_told_at_once():
    buffer = b"".join(b"%06d" % k for k in range(5000))
    ladder = Ladder()
    for k in range(5000):
        ladder.use((k % 50000, 60000 + k // 50000))
        ladder.write(f"client >> PSH,ACK len=30 name_at={6 * k} name_length=6")
    seen = follow(ladder.array(), buffer=buffer, limit=8192)
    assert len(seen.tracker.names) == 4096


def test_payloads_of_resets_are_kept_until_they_were_judged():
    buffer = b"Go away " + b"x" * 1000
    rows = many(6, "server >> RST,ACK len=1008 at=0 have=1008\nserver >> RST wait=1\n").array()
    tracker = Tracker(limit=16, pending=4)
    told = []
    batches = []
    for cells in chain(tracker.feed(rows, len(rows), buffer), tracker.close()):
        batches.append(cells.copy())
        told.append(dict(tracker.payloads))
    assert all(len(one) <= 4 for one in told)
    first = told[0]
    assert set(first) == {0, 2}
    assert first[0] == buffer[:PAYLOAD]
    assert tracker.payloads == {}
    assert len(Seen(tracker, batches, rows).resets) == 12


@pytest.mark.parametrize("capture", [0, 3])
def test_resets_name_their_capture(capture):
    rows = Ladder().write("server >> RST").array()
    tracker = Tracker(limit=16)
    assert list(tracker.feed(rows, 1, b"", capture)) == []
    (cells,) = tracker.close()
    assert Seen(tracker, [cells.copy()], rows).resets[0].own.CAPTURE == capture
    assert cells.dtype == np.int64


MEMORY = """
import sys
from pathlib import Path
import numpy as np
from whyrst.connections.tracker import Tracker

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

for _ in range(3):  # memory that was used and given back is what the next one gets
    used = [np.ones(3 << 20) for _ in range(4)]
    del used
before = resident()
trackers = [Tracker(1 << 12, 1 << 11, 1 << 10, 1 << 12) for _ in range(40)]
print((resident() - before) * 4096 // len(trackers))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux tells there how much memory a process has")
def test_a_tracker_takes_the_memory_that_it_uses():
    told = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(told.stdout) < 500_000
