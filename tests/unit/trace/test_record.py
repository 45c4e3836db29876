from __future__ import annotations

import io

import pytest

from unit.trace.events import ACK, NOON, RST, SYN, aborted, packet, refused, taken
from whyrst.analysis import analyze
from whyrst.kernel.wiretap import Seen
from whyrst.trace import record
from whyrst.trace.live import Told
from whyrst.trace.record import Recorder, comment
from whyrst.trace.session import Session

HERE, THERE = "10.0.0.1:80", "10.0.0.2:4000"
PUSH = 8
MS = 1_000_000


class Tap:
    """A packet socket that hears what the test says."""

    def __init__(self):
        self.heard: list[Seen] = []
        self.dropped = 0

    def poll(self):
        heard, self.heard = self.heard, []
        return heard

    def close(self):
        pass


@pytest.fixture
def recorder(monkeypatch):
    monkeypatch.setattr(record, "HOLD", 0.0)
    file = io.BytesIO()
    tap = Tap()
    made = Recorder(file, tap)
    made.file, made.tap = file, tap
    return made


def hear(recorder, *packets, interface="eth0", outgoing=True):
    for after, data in packets:
        recorder.tap.heard.append(Seen(NOON + after * MS, 1, interface, outgoing, True, data))


def told(*events):
    session = Session()
    for event in events:
        session.take(event)
    return [
        Told(event, judged, row) for judged in session.close() for row, event in enumerate(judged.resets.kernel.events)
    ]


def refusal(local=HERE, remote=THERE):
    return (0, packet(remote, local, SYN)), (1, packet(local, remote, RST | ACK, ack=2, seq=0))


def written(recorder, tmp_path):
    recorder.close()
    path = tmp_path / "made.pcapng"
    path.write_bytes(recorder.file.getvalue())
    return path


def test_only_connections_that_were_reset_are_written(recorder, tmp_path):
    hear(recorder, *refusal(), (2, packet("10.0.0.3:1", HERE, SYN)))
    recorder.refresh()
    (one,) = told(refused())
    recorder.take(one)
    path = written(recorder, tmp_path)
    assert [verdict.frame for verdict in analyze(path).verdicts] == [2]
    assert b"whyrst: port-closed" in path.read_bytes()
    assert recorder.unfound == 0
    assert analyze_packets(path) == 2


def analyze_packets(path):
    report = analyze(path)
    list(report.batches())
    return report.quality.packets


def test_what_follows_a_reset_is_written_too(recorder, tmp_path):
    hear(recorder, *refusal())
    recorder.refresh()
    for one in told(refused()):
        recorder.take(one)
    recorder.refresh()
    for after in (20, 5000):
        hear(recorder, (after, packet(THERE, HERE, SYN, seq=after)))
        recorder.refresh()
    assert analyze_packets(written(recorder, tmp_path)) == 3, "for two seconds"


def test_packets_stand_in_the_order_of_time(recorder, tmp_path):
    late = "10.0.0.9:4000"
    hear(recorder, *refusal(), *((after + 500, data) for after, data in refusal(remote=late)))
    recorder.refresh()
    first, second = told(refused(), refused(remote=late, after=0.5))
    for one in (second, first) if second.event.ends.remote == late else (first, second):
        recorder.take(one)
        recorder.refresh()
    report = analyze(written(recorder, tmp_path))
    list(report.batches())
    assert report.quality.backwards == 0
    assert report.quality.packets == 4


def test_of_both_ends_the_sender_tells(recorder, tmp_path):
    hear(recorder, *refusal())
    recorder.refresh()
    got = taken(THERE, HERE, state="SYN_SENT", after=0.001)
    for one in told(refused(), got):
        recorder.take(one)
    assert written(recorder, tmp_path).read_bytes().count(b"whyrst: ") == 1


def test_loopback_is_heard_once(recorder, tmp_path):
    hear(recorder, *refusal(), interface="lo")
    hear(recorder, *refusal(), interface="lo", outgoing=False)
    recorder.refresh()
    for one in told(refused()):
        recorder.take(one)
    assert analyze_packets(written(recorder, tmp_path)) == 2


def test_a_reset_that_was_not_heard_is_counted(recorder):
    for one in told(refused(), aborted("10.0.0.1:81")):
        recorder.take(one)
    recorder.refresh()
    assert recorder.unfound == 2


def test_memory_is_bounded(recorder, monkeypatch):
    monkeypatch.setattr(record, "MEMORY", 100_000)
    monkeypatch.setattr(record, "CONNECTIONS", 50)
    for number in range(500):
        hear(recorder, (number, packet(f"10.0.{number // 250}.{number % 250}:1", HERE, SYN)))
    for number in range(2000):
        hear(recorder, (number, packet("10.9.9.9:1", HERE, PUSH | ACK, b"x" * 200, seq=number)))
    recorder.refresh()
    kept = recorder._table.values()
    assert len(kept) <= 50
    assert sum(one.size for one in kept) == recorder._size <= 100_000
    assert max(len(one.first) + len(one.latest) for one in kept) <= record.FIRST + record.LATEST


def test_names_in_comments_are_escaped():
    (one,) = told(aborted(comm="\x1b[2J"))
    assert "\x1b" not in comment(one.verdict())
    assert "kernel: TCP_ABORT_ON_CLOSE, tcp_send_active_reset, \\x1b[2J[123]" in comment(one.verdict())
