from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest
from msgspec import structs

from whyrst.agent.delivery import Delivery
from whyrst.agent.output import Away, Sent
from whyrst.agent.place import Place, Places
from whyrst.agent.queue import LEAST, Queue

LINE = b'{"x":"' + b"y" * 5000 + b'"}'


class Memory:
    """An output that keeps numbers in memory; it does with the next batches what `plan` says."""

    def __init__(self, *plan):
        self.plan, self.numbers, self.opened, self.closed = list(plan), [], [], 0
        self.known = 0

    def open(self, place):
        self.opened.append(place.next)
        return structs.replace(place, next=max(place.next, self.known))

    def send(self, records):
        step = self.plan.pop(0) if self.plan else None
        if isinstance(step, Exception):
            raise step
        if callable(step):
            step()
        self.numbers += [record.number for record in records]
        return Sent(
            Place(records[-1].number + 1, {"seen": len(self.numbers)}), step if isinstance(step, int) else 0, "no"
        )

    def close(self):
        self.closed += 1


@pytest.fixture
def queue(tmp_path):
    one = Queue(tmp_path, LEAST)
    yield one
    one.close()


@contextmanager
def delivering(queue, output):
    said = []
    delivery = Delivery("memory", output, queue, Places(queue.folder), said.append)
    delivery.said = said
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.drain()
        delivery.join(time.monotonic() + 30)


def until(what):
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_everything_is_delivered_and_noted(queue):
    output = Memory()
    with delivering(queue, output) as delivery:
        queue.append([b"{}"] * 1000)
    assert output.numbers == list(range(1, 1001))
    assert (delivery.delivered, delivery.waiting, delivery.next, delivery.up) == (1000, 0, 1001, True)
    assert Places(queue.folder).read("memory", 1, 1) == Place(1001, {"seen": 1000})
    assert output.closed == 1
    assert delivery.said == []


def test_a_batch_that_failed_comes_again_as_it_was(queue):
    output = Memory(Away("not now"), Away("not now"), ValueError("a fault of ours"))
    with delivering(queue, output) as delivery:
        queue.append([b"{}"] * 10)
        until(lambda: delivery.delivered == 10)
    assert output.numbers == list(range(1, 11))
    assert output.opened == [1, 1, 1, 1]
    assert delivery.retries == 3
    assert delivery.said == [
        "memory: not now; trying again until it works",
        "memory: delivering again, after 3 attempts that failed",
    ]


def test_the_receiver_may_know_more_than_the_note(queue):
    output = Memory(Away("it broke"))
    with delivering(queue, output) as delivery:
        output.known = 6
        queue.append([b"{}"] * 10)
        until(lambda: delivery.next == 11)
    assert output.numbers == [6, 7, 8, 9, 10]


def test_refused_records_are_counted_and_told_once(queue):
    output = Memory(2, 1)
    with delivering(queue, output) as delivery:
        queue.append([b"{}"] * 5)
        until(lambda: delivery.next == 6)
        queue.append([b"{}"] * 5)
        until(lambda: delivery.next == 11)
    assert (delivery.refused, delivery.delivered) == (3, 7)
    assert delivery.said == ["memory: the receiver will not take 2 of 5 verdicts: no"]


def test_what_fell_out_is_counted_once_also_when_a_batch_was_under_way(queue):
    """The counter never falls, and delivered + dropped is all there was."""
    seen = []
    gate = threading.Event()

    def fail():
        gate.wait(30)
        raise Away("it broke")

    output = Memory(fail)
    with delivering(queue, output) as delivery:
        queue.append([LINE] * 300)
        until(lambda: output.opened)
        for _ in range(40):
            queue.append([LINE] * 100)
            seen.append(delivery.dropped)
        gate.set()
        until(lambda: delivery.retries)
        seen.append(delivery.dropped)
        until(lambda: delivery.next == queue.end)
        seen.append(delivery.dropped)
    assert seen == sorted(seen)
    assert delivery.dropped > 2000
    assert delivery.delivered + delivery.dropped == 4300
    assert output.numbers == list(range(delivery.dropped + 1, 4301))


def test_while_the_receiver_is_away_all_is_accounted_for(queue):
    output = Memory(Away("not now", 1000))
    with delivering(queue, output) as delivery:
        queue.append([LINE] * 300)
        until(lambda: delivery.retries)
        for _ in range(40):
            queue.append([LINE] * 100)
            assert delivery.dropped + delivery.waiting == queue.queued
        assert delivery.dropped > 2000


def test_damage_is_counted_once_also_when_its_batch_comes_again(queue):
    queue.append([b"{}"] * 100)
    Places(queue.folder).note("memory", Place(1))
    (path,) = queue.folder.glob("*.log")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    output = Memory(None, Away("it broke"), Away("it broke"))
    with delivering(queue, output) as delivery:
        until(lambda: delivery.next == 101)
    assert (delivery.damaged, delivery.delivered, delivery.retries) == (1, 99, 2)


def test_the_end_does_not_wait_for_a_receiver_that_is_away(queue):
    output = Memory(*(Away("not now", 1000) for _ in range(100)))
    with delivering(queue, output) as delivery:
        queue.append([b"{}"])
        until(lambda: delivery.retries)
    assert not delivery._thread.is_alive()
    assert delivery.waiting == 1
    assert output.numbers == []


def test_a_second_start_goes_on(queue):
    queue.append([b"{}"] * 3)
    Places(queue.folder).note("memory", Place(2))
    output = Memory()
    with delivering(queue, output):
        pass
    assert output.numbers == [2, 3]
