from __future__ import annotations

import asyncio
import json
import sys

import msgspec
import pytest

from unit.reports.fakes import verdict
from whyrst.serve import events
from whyrst.serve.journal import Journal
from whyrst.serve.live import Live, started
from whyrst.serve.store import Store, Wanted


def telling(lines, then=""):
    """A process that writes lines, as whyrst trace --json does."""
    return (sys.executable, "-c", f"import sys, time\nfor line in {lines!r}: print(line, flush=True)\n{then}")


def lines(number):
    return [msgspec.json.encode(verdict(n)).decode() for n in range(1, number + 1)]


@pytest.fixture
def store(tmp_path):
    kept = Store(tmp_path / "whyrst.db")
    yield kept
    kept.close()


def run(command, work, store):
    async def main():
        live = Live(started(command) if command else None, Journal(store))
        live.start()
        try:
            return await asyncio.wait_for(work(live), 30)
        finally:
            await live.close()

    return asyncio.run(main())


async def followed(live):
    return [text async for text in events.live(live)]


def test_what_the_process_says_is_passed_on_and_kept(store):
    async def work(live):
        return await followed(live), live

    texts, live = run(telling(lines(3), "time.sleep(0.5)"), work, store)
    assert texts[0].startswith("event: state\n")
    assert texts[-1].startswith("event: ended\n")
    rows = [json.loads(text.partition("data: ")[2]) for text in texts if text.startswith("event: reset\n")]
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert rows[0]["cause"] == "close-with-unread-data"
    assert live.causes == {"close-with-unread-data": 3}
    assert live.find(2).verdict["frame"] == 2
    assert live.find(4) is None


def test_what_it_said_last_tells_why_it_ended(store):
    async def work(live):
        await followed(live)
        return live.state, live.why

    assert run(telling([], "print('whyrst: not allowed', file=sys.stderr); sys.exit(2)"), work, store) == (
        "ended",
        "not allowed",
    )


def test_a_line_that_is_no_verdict_ends_it_and_nothing_else(store):
    async def work(live):
        await followed(live)
        return live.state

    assert run(telling(["{"], "time.sleep(60)"), work, store) == "ended"


def test_it_is_off_unless_asked_for(store):
    async def work(live):
        return live.state, await followed(live)

    state, texts = run(None, work, store)
    assert state == "off"
    assert len(texts) == 2


def test_a_process_that_does_not_end_is_ended(store):
    async def work(live):
        await asyncio.sleep(0.5)
        return live

    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    assert run(telling([], stubborn), work, store).state == "ended"


def test_what_came_is_kept_in_the_history(store):
    async def work(live):
        await followed(live)
        return [one.state for one in store.captures()]

    run(telling(lines(3), "time.sleep(1.5)"), work, store)
    (capture,) = store.captures()
    assert (capture.state, capture.paths, capture.name[:11]) == ("done", (), "live since ")
    assert [row["frame"] for row in store.find(Wanted(capture=capture.id)).rows] == [1, 2, 3]


def test_nothing_that_came_means_nothing_to_keep(store):
    run(telling([]), followed, store)
    assert store.captures() == []


def verdicts(first, last):
    return [msgspec.to_builtins(verdict(n)) for n in range(first, last + 1)]


def test_the_oldest_go_when_there_are_too_many(store):
    journal = Journal(store, most=4)
    journal.keep(verdicts(1, 3))
    journal.keep(verdicts(4, 6))
    assert [row["number"] for row in store.find(Wanted()).rows] == [3, 4, 5, 6]
    assert store.captures()[0].state == "live"


def test_what_was_deleted_begins_anew(store):
    journal = Journal(store)
    journal.keep(verdicts(1, 2))
    store.delete(store.captures()[0].id)
    journal.keep(verdicts(3, 3))
    assert [(row["number"], row["frame"]) for row in store.find(Wanted()).rows] == [(1, 3)]


def test_what_was_live_when_the_app_ended_is_done(store):
    Journal(store).keep(verdicts(1, 1))
    assert store.interrupted() == []
    assert store.captures()[0].state == "done"
