from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whyrst.agent.queue import LEAST, Queue, QueueError
from whyrst.agent.reader import Reader
from whyrst.agent.record import LONGEST

LINE = b'{"x":"' + b"y" * 5000 + b'"}'


@pytest.fixture
def made(tmp_path):
    """Makes queues in one folder, the one before closed."""
    queues = []

    def make(limit=LEAST):
        if queues:
            queues.pop().close()
        queues.append(Queue(tmp_path / "queue", limit))
        return queues[-1]

    yield make
    for queue in queues:
        queue.close()


def fill(queue, count, first=None):
    first = queue.end if first is None else first
    queue.append(b'{"n":%d}' % number for number in range(first, first + count))


def read(queue, at=1):
    reader = Reader(queue, at)
    got = []
    while batch := reader.take():
        got += batch
    reader.close()
    return got, reader


def numbers(queue, at=1):
    return [record.number for record in read(queue, at)[0]]


def files(queue):
    return sorted(queue.folder.glob("*.log"))


def test_lines_come_back_in_order_with_numbers_from_one_on(made):
    queue = made()
    fill(queue, 3)
    assert [(r.number, r.line) for r in read(queue)[0]] == [(n, b'{"n":%d}' % n) for n in (1, 2, 3)]
    assert (queue.begin, queue.end, queue.queued) == (1, 4, 3)
    assert numbers(queue, 3) == [3]
    assert numbers(queue, 4) == []


def test_a_reader_goes_on_where_new_ones_come(made):
    queue = made()
    reader = Reader(queue, 1)
    for number in range(1, 2000):
        fill(queue, 1)
        (record,) = reader.take()
        assert record.number == number
    reader.close()


def test_a_restart_goes_on_with_the_next_number_and_the_same_id(made):
    queue = made()
    fill(queue, 5)
    name = queue.id
    queue = made()
    fill(queue, 5)
    assert queue.id == name
    assert numbers(queue) == list(range(1, 11))


def test_many_restarts_leave_no_empty_files(made):
    fill(made(), 1)
    for _ in range(5):
        queue = made()
    assert len(files(queue)) == 1


def test_two_agents_cannot_share_a_queue(made):
    queue = made()
    with pytest.raises(QueueError, match="another agent uses this queue"):
        Queue(queue.folder, LEAST)


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "queue").write_text("")
    with pytest.raises(QueueError, match=r"queue: Not a directory"):
        Queue(tmp_path / "queue", LEAST)


def test_beyond_the_limit_the_oldest_go_and_readers_count_them(made):
    queue = made()
    late = Reader(queue, 1)
    for _ in range(4000):
        queue.append([LINE])
        assert queue.size <= LEAST
    assert sum(path.stat().st_size for path in files(queue)) == queue.size
    assert queue.end == 4001
    got, reader = read(queue)
    assert [r.number for r in got] == list(range(queue.begin, 4001))
    assert reader.dropped == late.lost == queue.begin - 1 > 2000
    assert (reader.damaged, queue.unqueued.total()) == (0, 0)
    late.close()


def test_what_was_read_before_it_went_is_not_lost(made):
    queue = made()
    queue.append([LINE] * 100)
    reader = Reader(queue, 1)
    assert len(reader.take(50)) == 50
    queue.append([LINE] * 4000)
    assert reader.lost == queue.begin - 51
    reader.close()


def test_delivered_files_are_removed(made):
    queue = made()
    queue.append([LINE] * 500)
    assert len(files(queue)) > 5
    queue.free(200)
    assert queue.begin <= 200
    assert numbers(queue, 200) == list(range(200, 501))
    queue.free(queue.end)
    assert len(files(queue)) == 1


def test_a_line_that_is_too_long_is_counted(made):
    queue = made()
    queue.append([b"{}", b"x" * (LONGEST + 1), b"x" * LONGEST, b"{}"])
    assert queue.unqueued == {"size": 1}
    assert numbers(queue) == [1, 2, 3]


@pytest.mark.parametrize("cut", [1, 10, 19, 20, 25])
def test_a_torn_end_is_left_out(made, cut):
    queue = made()
    fill(queue, 10)
    (path,) = files(queue)
    os.truncate(path, path.stat().st_size - cut)
    queue = made()
    assert queue.end == 10
    fill(queue, 2)
    got, reader = read(queue)
    assert [r.number for r in got] == list(range(1, 12))
    assert (reader.damaged, reader.dropped) == (0, 0)


@pytest.mark.parametrize("hit", [0, 5, 200, 1000])
def test_damage_costs_what_it_hit_and_is_counted(made, hit):
    queue = made()
    fill(queue, 100)
    data = bytearray(files(queue)[0].read_bytes())
    data[hit : hit + 3] = b"\0\0\0"
    files(queue)[0].write_bytes(data)
    got, reader = read(queue)
    assert 98 <= len(got) <= 99
    assert len(got) + reader.damaged == 100
    assert got[-1].number == 100


def test_a_whole_file_of_noise_is_counted(made):
    queue = made()
    queue.append([LINE] * 500)
    second = files(queue)[1]
    lost = int(files(queue)[2].stem) - int(second.stem)
    second.write_bytes(os.urandom(second.stat().st_size))
    got, reader = read(queue)
    assert reader.damaged == lost
    assert len(got) == 500 - lost


def test_a_file_that_vanished_is_counted(made):
    queue = made()
    queue.append([LINE] * 500)
    lost = int(files(queue)[2].stem) - int(files(queue)[1].stem)
    files(queue)[1].unlink()
    got, reader = read(queue)
    assert (len(got), reader.damaged) == (500 - lost, lost)


def test_numbers_that_an_output_has_seen_are_never_used_again(made):
    queue = made()
    fill(queue, 3)
    queue = made()
    queue.start(10)
    fill(queue, 1)
    assert [r.number for r in read(queue, 10)[0]] == [10]
    got, reader = read(queue)
    assert ([r.number for r in got], reader.damaged) == ([1, 2, 3, 10], 6)


def test_a_disk_that_takes_no_more_costs_what_does_not_fit(made):
    """The kernel writes as far as it goes and then refuses, as a full disk does: RLIMIT_FSIZE."""
    queue = made()
    fill(queue, 10)
    size = queue.size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, before[1]))
    try:
        fill(queue, 10)
        assert queue.error == os.strerror(errno.EFBIG)
        assert queue.unqueued == {"disk": 10}
        assert files(queue)[0].stat().st_size == queue.size == size
        fill(queue, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    fill(queue, 3)
    assert queue.error == ""
    assert numbers(queue) == list(range(1, 15))


KILLED = """
import sys
from pathlib import Path
from whyrst.agent.queue import Queue
queue = Queue(Path(sys.argv[1]), 1 << 22)
print("ready", flush=True)
while True:
    queue.append(b'{"n":%d,"x":"%s"}' % (n, b"z" * (n % 977)) for n in range(queue.end, queue.end + 7))
"""


def test_killed_at_any_moment_it_holds_a_row_without_gaps(tmp_path):
    begin = end = 0
    for moment in (0.0, 0.05, 0.11, 0.17, 0.23):
        process = subprocess.Popen((sys.executable, "-c", KILLED, tmp_path), stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
        process.communicate()
        queue = Queue(tmp_path, 1 << 22)
        got, reader = read(queue, queue.begin)
        assert [r.number for r in got] == list(range(queue.begin, queue.end))
        assert all(r.line.startswith(b'{"n":%d,' % r.number) for r in got)
        assert reader.damaged == 0
        assert (queue.begin, queue.end) >= (begin, end)
        begin, end = queue.begin, queue.end
        queue.close()
    assert end > 1000


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_damaged_the_rest_comes_in_order_and_all_is_accounted_for(tmp_path_factory, data):
    queue = Queue(tmp_path_factory.mktemp("queue"), LEAST)
    lines = [b'{"n":%d,"x":"%b"}' % (n, b"y" * (n * 7919 % 9000)) for n in range(1, 101)]
    queue.append(lines)
    paths = files(queue)
    for _ in range(data.draw(st.integers(1, 6))):
        path = data.draw(st.sampled_from(paths))
        content = bytearray(path.read_bytes())
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        change = data.draw(st.binary(max_size=40) | st.just(b"\0" * 10_000))
        if data.draw(st.booleans()):
            content[at : at + len(change)] = change[: len(content) - at]
        else:
            del content[at:]
        path.write_bytes(content)
    got, reader = read(queue)
    queue.close()
    assert all(record.line == lines[record.number - 1] for record in got)
    assert [record.number for record in got] == sorted({record.number for record in got})
    assert len(got) + reader.damaged == 100
    assert reader.dropped == 0


def test_what_comes_after_a_file_in_another_s_place_is_read(made):
    queue = made()
    fill(queue, 3)
    (path,) = files(queue)
    (queue.folder / f"{50:020}.log").write_bytes(path.read_bytes())
    queue = made()
    fill(queue, 2)
    assert [record.number for record in read(queue, 3)[0]] == [3, 50, 51]
