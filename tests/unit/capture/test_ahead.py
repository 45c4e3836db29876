import sys
import threading
import time

import pytest

from whyrst.capture.ahead import GRACE, SHARE, Ahead, sharing


def test_items_come_in_order_from_another_thread():
    with Ahead(((k, threading.current_thread()) for k in range(100)), 3) as items:
        found = list(items)
    assert [k for k, _ in found] == list(range(100))
    assert {thread for _, thread in found} != {threading.current_thread()}


def test_it_begins_before_it_is_asked_and_stops_at_the_bound():
    made = []
    begun = threading.Event()

    def items():
        for k in range(100):
            made.append(k)
            if k == 2:
                begun.set()
            yield k

    with Ahead(items(), 3) as ahead:
        assert begun.wait(10)
        for expected in range(90):
            assert next(ahead) == expected
            # One is in the user's hands, three wait or are being made.
            assert len(made) <= expected + 4


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        raise OSError("gone")

    with Ahead(items(), 3) as ahead:
        assert next(ahead) == 1
        with pytest.raises(OSError, match="gone"):
            next(ahead)
        with pytest.raises(StopIteration):
            next(ahead)


def test_closing_ends_the_thread_and_closes_the_iterator():
    closed = threading.Event()

    def items():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    before = threading.active_count()
    ahead = Ahead(items(), 2)
    next(ahead)
    ahead.close()
    assert closed.is_set()
    assert threading.active_count() == before
    assert list(ahead) == []


def test_closing_does_not_wait_for_a_read_without_end():
    let_go = threading.Event()

    def items():
        let_go.wait()
        yield 0

    ahead = Ahead(items(), 2)
    start = time.monotonic()
    ahead.close()
    assert time.monotonic() - start >= GRACE / 2
    let_go.set()
    ahead.close()


def test_something_else_is_done_while_an_item_is_waited_for():
    calls = []

    def items():
        while len(calls) < 2:
            time.sleep(0.01)
        yield 7

    with Ahead(items(), 1, lambda: calls.append(threading.current_thread())) as ahead:
        assert list(ahead) == [7]
    assert set(calls) == {threading.current_thread()}


def test_sharing_lasts_as_long_as_it_is_asked_for():
    usual = sys.getswitchinterval()
    with sharing():
        assert sys.getswitchinterval() == pytest.approx(SHARE)
    assert sys.getswitchinterval() == pytest.approx(usual)
