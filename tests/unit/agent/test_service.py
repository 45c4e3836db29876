from __future__ import annotations

import threading
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from whyrst.agent import service as service_of
from whyrst.agent.delivery import Delivery
from whyrst.agent.file import Files
from whyrst.agent.metrics import exposition
from whyrst.agent.notify import Notify
from whyrst.agent.output import Away, Sent
from whyrst.agent.place import Place, Places
from whyrst.agent.queue import LEAST, Queue
from whyrst.agent.record import LONGEST
from whyrst.agent.service import Service

LINE = b'{"x":"' + b"y" * 5000 + b'"}'


class Given:
    """A source of given turns."""

    def __init__(self, *turns, patient=False):
        self.turns, self.patient, self.finished = list(turns), patient, 0

    @property
    def done(self):
        return not self.turns

    def turn(self):
        return self.turns.pop(0)

    def finish(self):
        self.finished += 1
        return [b'{"last":1}']


class Kept:
    def __init__(self, *plan):
        self.plan, self.lines = list(plan), []

    def open(self, place):
        return place

    def send(self, records):
        if self.plan:
            raise self.plan.pop(0)
        self.lines += [record.line for record in records]
        return Sent(Place(records[-1].number + 1))

    def close(self):
        pass


@pytest.fixture
def made(tmp_path):
    """Makes a service with one output."""

    def make(source, output):
        queue = Queue(tmp_path / "queue", LEAST)
        said = []
        deliveries = [Delivery("kept", output, queue, Places(queue.folder), said.append)]
        return Service(source, queue, deliveries, Notify({}, 1), said.append), queue, deliveries, said

    return make


def waits(seconds):
    time.sleep(seconds / 5)
    return False


def test_it_ends_when_all_is_delivered(made):
    output = Kept(Away("not now"))
    service, queue, _, _ = made(Given([b"{}"] * 10, [], [b"{}"] * 5), output)
    service.run(waits)
    assert output.lines == [b"{}"] * 15
    assert queue.queued == 15


def test_at_the_end_the_source_is_asked_for_the_rest(made):
    output, source = Kept(), Given([b"{}"], [b"{}"], [b"{}"])
    service, *_ = made(source, output)
    turns = iter([False, True])
    service.run(lambda _: next(turns))
    assert output.lines == [b"{}", b'{"last":1}']
    assert source.finished == 1


def test_what_is_not_delivered_is_told_and_stays(made):
    service, queue, deliveries, said = made(Given([b"{}"] * 10, []), Kept(*(Away("no") for _ in range(99))))
    turns = iter([False, True])
    service.run(lambda _: next(turns))
    assert said[-1] == "kept: 11 verdicts left in the queue for the next start"
    again = Queue(queue.folder, LEAST)
    assert (again.begin, again.end) == (1, 12)
    again.close()
    assert deliveries[0].waiting == 11


class Slow(Kept):
    """A receiver that has everything at once, and says so late."""

    def __init__(self, late):
        super().__init__()
        self.late, self.has = late, []
        self.asked = threading.Event()

    def send(self, records):
        self.has += [record.number for record in records]
        self.asked.set()
        self.late.wait(30)
        return super().send(records)


def test_at_the_end_what_is_under_way_may_still_be_answered(made, monkeypatch):
    """Else the next start would send it again, though nothing broke."""
    monkeypatch.setattr(service_of, "FLUSH", 0.0)
    late = threading.Event()
    output = Slow(late)
    service, queue, (delivery,), said = made(Given([b"{}"] * 3, []), output)
    stop = Delivery.join

    def join(self, until):
        stop(self, until)
        if self._stop.is_set():
            late.set()

    monkeypatch.setattr(Delivery, "join", join)
    service.run(lambda _: output.asked.wait(5))
    assert output.has == [1, 2, 3]
    assert said == ["kept: 1 verdict left in the queue for the next start"]
    assert Places(queue.folder).read("kept", 1, 9).next == delivery.next == 4


def test_a_patient_source_waits_for_room(made):
    """Forty times what the queue can hold, and none is dropped."""
    output = Kept()
    service, queue, deliveries, said = made(Given(*[[LINE] * 50] * 700, patient=True), output)
    service.run(waits)
    assert len(output.lines) == 35_000
    assert deliveries[0].dropped == 0
    assert said == []
    assert queue.size <= LEAST


def test_losses_are_told(made):
    service, _, _, said = made(Given([b"x" * (LONGEST + 1)], [LINE] * 5000), Kept(Away("no"), Away("no")))
    service.run(waits)
    assert "queue: 1 verdict too long to be queued" in said
    assert any(line.startswith("kept: ") and line.endswith("verdicts dropped, the queue is full") for line in said)


def test_metrics(made, tmp_path):
    service, queue, deliveries, _ = made(Given([b"{}"] * 10), Kept(Away("no")))
    idle = Delivery("file", Files(tmp_path / "a", 100, 3, queue.id, None), queue, Places(queue.folder), print)
    service.run(waits)
    text = exposition("1.2", queue, [*deliveries, idle])
    found = {
        s.name: s.value for f in text_string_to_metric_families(text) for s in f.samples if "file" not in str(s.labels)
    }
    assert found["whyrst_build_info"] == 1
    assert found["whyrst_agent_queued_total"] == found["whyrst_agent_delivered_total"] == 10
    assert found["whyrst_agent_retries_total"] == found["whyrst_agent_up"] == 1
    assert found["whyrst_agent_waiting"] == found["whyrst_agent_dropped_total"] == 0
    assert 0 <= time.time() - found["whyrst_agent_last_delivery_timestamp_seconds"] < 60
    assert found["whyrst_agent_queue_limit_bytes"] == LEAST
    assert found["process_resident_memory_bytes"] > 1e6
    assert 0 < time.time() - found["process_start_time_seconds"] < 1e6
    assert 'whyrst_agent_waiting{output="file"} 10' in text.splitlines()


def test_metrics_without_a_queue():
    text = exposition("1.2", None, [])
    assert 'whyrst_build_info{version="1.2"} 1' in text
    assert "whyrst_agent" not in text
