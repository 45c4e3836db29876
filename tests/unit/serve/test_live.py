from __future__ import annotations

import asyncio
import json
import sys

import msgspec

from unit.reports.fakes import verdict
from whyrst.serve import events
from whyrst.serve.live import Live


def telling(lines, then=""):
    """A process that writes lines, as whyrst trace --json does."""
    return (sys.executable, "-c", f"import sys, time\nfor line in {lines!r}: print(line, flush=True)\n{then}")


def lines(number):
    return [msgspec.json.encode(verdict(n)).decode() for n in range(1, number + 1)]


def run(command, work):
    async def main():
        live = Live(command)
        live.start()
        try:
            return await asyncio.wait_for(work(live), 30)
        finally:
            await live.close()

    return asyncio.run(main())


async def followed(live):
    return [text async for text in events.live(live)]


def test_what_the_process_says_is_passed_on_and_kept():
    async def work(live):
        return await followed(live), live

    texts, live = run(telling(lines(3), "time.sleep(0.5)"), work)
    assert texts[0].startswith("event: state\n")
    assert texts[-1].startswith("event: ended\n")
    rows = [json.loads(text.partition("data: ")[2]) for text in texts if text.startswith("event: reset\n")]
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert rows[0]["cause"] == "close-with-unread-data"
    assert live.causes == {"close-with-unread-data": 3}
    assert live.find(2).verdict["frame"] == 2
    assert live.find(4) is None


def test_what_it_said_last_tells_why_it_ended():
    async def work(live):
        await followed(live)
        return live.state, live.why

    assert run(telling([], "print('whyrst: not allowed', file=sys.stderr); sys.exit(2)"), work) == (
        "ended",
        "not allowed",
    )


def test_a_line_that_is_no_verdict_ends_it_and_nothing_else():
    async def work(live):
        await followed(live)
        return live.state

    assert run(telling(["{"], "time.sleep(60)"), work) == "ended"


def test_it_is_off_unless_asked_for():
    async def work(live):
        return live.state, await followed(live)

    state, texts = run(None, work)
    assert state == "off"
    assert len(texts) == 2


def test_a_process_that_does_not_end_is_ended():
    async def work(live):
        await asyncio.sleep(0.5)
        return live

    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    assert run(telling([], stubborn), work).state == "ended"
