"""Starts a worker for each capture that waits, keeps what it says, and outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.serve.settings import Settings
    from whyrst.serve.store import Capture, Store

LINE = 64 << 20
"""Bytes that one line of a worker may have."""


class Jobs:
    """Captures that wait or are analyzed.

    Args:
        store: where results go.
        settings: limits.
        changed: called with the id of a capture whenever something about it changed.
    """

    def __init__(self, store: Store, settings: Settings, changed: Callable[[str], None] = lambda _: None) -> None:
        self._store = store
        self._settings = settings
        self._changed = changed
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopped: set[str] = set()

    def start(self) -> None:
        """Begin to work; what was interrupted last time is taken up again."""
        for number in self._store.interrupted():
            self._queue.put_nowait(number)
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._settings.workers)]

    async def close(self) -> None:
        """Stop all workers; what they did not finish is taken up at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def add(self, capture: Capture) -> None:
        """Analyze a capture when its turn comes."""
        self._queue.put_nowait(capture.id)

    @property
    def waiting(self) -> int:
        """Captures whose turn has not come."""
        return self._queue.qsize()

    def stop(self, number: str) -> bool:
        """End the analysis of a capture, or take it out of the queue; False when it neither runs nor waits."""
        capture = self._store.capture(number)
        if capture is None or capture.state not in {"queued", "running"}:
            return False
        self._stopped.add(number)
        if number in self._running:
            _kill(self._running[number])
        else:
            self._finish(number, "stopped", None)
        return True

    async def _work(self) -> None:
        while True:
            number = await self._queue.get()
            capture = self._store.capture(number)
            if capture is not None and number not in self._stopped:
                await self._analyze(capture)
            self._stopped.discard(number)

    async def _analyze(self, capture: Capture) -> None:
        limits = (str(self._settings.seconds), str(self._settings.memory))
        self._store.begin(capture.id)
        self._changed(capture.id)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "whyrst.serve.worker", *limits, "analyze", *capture.paths,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            limit=LINE, start_new_session=True,
        )  # fmt: skip
        self._running[capture.id] = process
        if capture.id in self._stopped:  # while the process was made
            _kill(process)
        try:
            error = await self._listen(capture, process)
            status = await process.wait()  # it closed its output, and ends by itself
        finally:
            _kill(process)
            await process.wait()
            del self._running[capture.id]
        if capture.id in self._stopped:
            self._finish(capture.id, "stopped", None)
        elif status != 0:
            self._finish(capture.id, "failed", error or _why(status))

    async def _listen(self, capture: Capture, process: asyncio.subprocess.Process) -> str | None:
        """Keep what the worker says until it ends; returns the error that it told."""
        assert process.stdout is not None, "it is a pipe"
        number = capture.id
        count = 1
        error = None
        # A line may be too long, or cut when the worker died; the capture may be deleted while a line is read.
        with contextlib.suppress(ValueError, sqlite3.IntegrityError):
            async for line in process.stdout:
                told: dict[str, Any] = json.loads(_named(line, capture))
                if "verdicts" in told:
                    count += await asyncio.to_thread(self._store.put, number, count, told["verdicts"])
                elif "progress" in told:
                    self._store.progress(number, *told["progress"])
                elif "quality" in told:
                    self._store.put_incidents(number, told["incidents"])
                    self._store.end(number, "done", told.get("damage"), told["quality"])
                else:
                    error = str(told.get("error"))
                self._changed(number)
        return error

    def _finish(self, number: str, state: str, error: str | None) -> None:
        self._store.end(number, state, error)
        self._changed(number)


def _named(line: bytes, capture: Capture) -> bytes:
    """What a worker says, with the names of the captures in place of our paths."""
    for path, label in zip(capture.paths, capture.labels, strict=True):
        line = line.replace(json.dumps(path)[1:-1].encode(), json.dumps(label)[1:-1].encode())
    return line


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _why(status: int) -> str:
    """What a worker's exit status tells when it said nothing itself."""
    if status in {-signal.SIGXCPU, -signal.SIGKILL}:
        return "the analysis took more processor time or memory than it may"
    return f"the analysis ended with {signal.Signals(-status).name}" if status < 0 else f"it ended with {status}"
