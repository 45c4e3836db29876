from __future__ import annotations

import asyncio
import os
import signal
import struct
from pathlib import Path

import pytest

from whyrst.serve.jobs import Jobs
from whyrst.serve.settings import Settings
from whyrst.serve.store import Store, Wanted

EXAMPLE = Path("examples/resets.pcap").resolve()
WAIT = 30


@pytest.fixture
def store(tmp_path):
    kept = Store(tmp_path / "whyrst.db")
    yield kept
    kept.close()


def endless(path):
    """A pipe that never says anything: its analysis never ends by itself."""
    os.mkfifo(path)
    return path


async def settled(store, number, *states):
    for _ in range(WAIT * 20):
        capture = store.capture(number)
        if capture.state in states:
            return capture
        await asyncio.sleep(0.05)
    raise AssertionError(f"still {store.capture(number).state}")


def run(store, work, **settings):
    async def main():
        jobs = Jobs(store, Settings(**settings))
        jobs.start()
        try:
            return await work(jobs)
        finally:
            await jobs.close()

    return asyncio.run(main())


def test_a_capture_is_analyzed(store):
    async def work(jobs):
        capture = store.add(["x"], [str(EXAMPLE)], EXAMPLE.stat().st_size, uploaded=False)
        jobs.add(capture)
        return await settled(store, capture.id, "done", "failed")

    capture = run(store, work)
    assert (capture.state, capture.error) == ("done", None)
    assert store.find(Wanted(capture=capture.id)).total == capture.quality["resets"]
    assert store.incidents(capture.id)


def test_what_is_no_capture_fails_with_its_reason(store, tmp_path):
    (tmp_path / "no.pcap").write_bytes(b"this is no capture at all")

    async def work(jobs):
        capture = store.add(["x"], [str(tmp_path / "no.pcap")], 1, uploaded=False)
        jobs.add(capture)
        return await settled(store, capture.id, "done", "failed")

    capture = run(store, work)
    assert capture.state == "failed"
    assert capture.error


def test_a_damaged_capture_is_done_and_says_so(store, tmp_path):
    (tmp_path / "cut.pcap").write_bytes(EXAMPLE.read_bytes()[:-7])

    async def work(jobs):
        capture = store.add(["x"], [str(tmp_path / "cut.pcap")], 1, uploaded=False)
        jobs.add(capture)
        return await settled(store, capture.id, "done", "failed")

    capture = run(store, work)
    assert capture.state == "done"
    assert "byte" in capture.error


def test_a_killed_worker_takes_nothing_with_it(store, tmp_path):
    async def work(jobs):
        stuck = store.add(["stuck"], [str(endless(tmp_path / "pipe"))], 0, uploaded=False)
        after = store.add(["after"], [str(EXAMPLE)], 0, uploaded=False)
        jobs.add(stuck)
        jobs.add(after)
        await settled(store, stuck.id, "running")
        await asyncio.sleep(0.5)  # running is told before the process is there
        os.kill(jobs._running[stuck.id].pid, signal.SIGKILL)
        return await settled(store, stuck.id, "failed"), await settled(store, after.id, "done", "failed")

    stuck, after = run(store, work)
    assert stuck.error
    assert after.state == "done"


def test_an_analysis_can_be_stopped_and_taken_out_of_the_queue(store, tmp_path):
    async def work(jobs):
        stuck = store.add(["stuck"], [str(endless(tmp_path / "pipe"))], 0, uploaded=False)
        waits = store.add(["waits"], [str(EXAMPLE)], 0, uploaded=False)
        jobs.add(stuck)
        jobs.add(waits)
        await settled(store, stuck.id, "running")
        assert jobs.stop(waits.id)
        assert jobs.stop(stuck.id)
        states = [(await settled(store, c.id, "stopped", "done", "failed")).state for c in (stuck, waits)]
        assert not jobs.stop(stuck.id)
        return states

    assert run(store, work) == ["stopped", "stopped"]


def test_memory_is_limited(store):
    async def work(jobs):
        capture = store.add(["x"], [str(EXAMPLE)], 1, uploaded=False)
        jobs.add(capture)
        return await settled(store, capture.id, "done", "failed")

    assert run(store, work, memory=300_000_000).state == "failed"


def test_what_was_interrupted_is_taken_up_again(store):
    capture = store.add(["x"], [str(EXAMPLE)], 1, uploaded=False)
    store.begin(capture.id)

    async def work(_):
        return await settled(store, capture.id, "done", "failed")

    assert run(store, work).state == "done"


def test_a_length_field_does_not_decide_what_is_allocated(store, tmp_path):
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    (tmp_path / "long.pcap").write_bytes(header + struct.pack("<IIII", 0, 0, 0xFFFFFFF0, 0xFFFFFFF0))

    async def work(jobs):
        capture = store.add(["x"], [str(tmp_path / "long.pcap")], 1, uploaded=False)
        jobs.add(capture)
        return await settled(store, capture.id, "done", "failed")

    assert "byte" in run(store, work).error
