"""What the kernel of this host tells, as it happens: `whyrst trace --json` in a process of its own.

The process needs privileges, the app needs none of what it does with them: it is started before the app gives up its
own, and the app reads lines. When the process ends, the live page says so and why.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections import Counter, deque
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple

from whyrst.reports.printable import printable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from whyrst.serve.journal import Journal

    State = Literal["off", "running", "ended"]

KEPT = 500
"""Verdicts that the live page can show."""
WAITING = 1000
"""Verdicts that wait for one listener; the oldest go."""
LINE = 1 << 20
"""Bytes that a verdict may have."""
COMMAND = (sys.executable, "-m", "whyrst.cli", "trace", "--json")
FLUSH = 1.0
"""Seconds between two writings of what came."""
PATIENCE = 3
"""Seconds that the process has to end by itself."""


class Seen(NamedTuple):
    """A verdict and its number, which counts from 1 since the app was started."""

    number: int
    verdict: dict[str, Any]

    def row(self) -> dict[str, Any]:
        """What the table of the live page shows."""
        one = self.verdict
        kernel = one.get("kernel") or {}
        return {
            "number": self.number, "time": one["time"], "cause": one["cause"], "confidence": one["confidence"],
            "harm": one["harm"]["level"], "source": one["reset"]["source"], "destination": one["reset"]["destination"],
            "process": printable((kernel.get("process") or {}).get("comm", "")),
        }  # fmt: skip


def started(command: tuple[str, ...] = COMMAND) -> subprocess.Popen[bytes]:
    """A process whose lines `Live` reads."""
    return subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


class Live:
    """The process and what it told.

    Args:
        process: see `started`; None when the live page is off.
        journal: where verdicts are kept.

    Attributes:
        state: of the process.
        why: what it said last on standard error.
        seen: the latest verdicts.
        causes: how many there were by cause.
    """

    def __init__(self, process: subprocess.Popen[bytes] | None, journal: Journal) -> None:
        self._process = process
        self._journal = journal
        self._fresh: list[dict[str, Any]] = []
        self._task: asyncio.Task[None] | None = None
        self._listeners: set[asyncio.Queue[Seen | None]] = set()
        self.state: State = "off"
        self.why = ""
        self.seen: deque[Seen] = deque(maxlen=KEPT)
        self.causes: Counter[str] = Counter()

    def start(self) -> None:
        """Begin, if it is wanted."""
        if self._process is not None:
            self.state = "running"
            self._task = asyncio.create_task(self._run(self._process))

    async def close(self) -> None:
        """End the process and tell listeners."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def find(self, number: int) -> Seen | None:
        """A verdict that is still kept."""
        return next((one for one in self.seen if one.number == number), None)

    async def follow(self) -> AsyncIterator[Seen]:
        """Verdicts as they come, until the process ends."""
        queue: asyncio.Queue[Seen | None] = asyncio.Queue(WAITING)
        self._listeners.add(queue)
        try:
            while self.state == "running" and (one := await queue.get()) is not None:
                yield one
        finally:
            self._listeners.discard(queue)

    def dismiss(self) -> None:
        """Tell listeners to go."""
        self._tell(None)

    async def _run(self, process: subprocess.Popen[bytes]) -> None:
        stdout, stderr = await _reader(process.stdout), await _reader(process.stderr)
        errors = asyncio.create_task(self._complaints(stderr))
        writing = asyncio.create_task(self._write())
        try:
            with contextlib.suppress(ValueError):  # a line that is too long, or cut when the process died
                async for line in stdout:
                    self._take(json.loads(line))
            await asyncio.wait({errors}, timeout=PATIENCE)  # it may still say why it ends
        finally:
            errors.cancel()
            writing.cancel()
            await _end(process)
            await asyncio.gather(writing, return_exceptions=True)
            self._flush()
            self._journal.end()
            self.state = "ended"
            self._tell(None)

    async def _write(self) -> None:
        """Keep what came, every now and then."""
        while True:
            await asyncio.sleep(FLUSH)
            await asyncio.to_thread(self._flush)

    def _flush(self) -> None:
        fresh, self._fresh = self._fresh, []
        if fresh:
            self._journal.keep(fresh)

    async def _complaints(self, stream: asyncio.StreamReader) -> None:
        """Remember the last line of standard error."""
        with contextlib.suppress(ValueError):
            async for line in stream:
                if text := line.decode("utf-8", "replace").strip():
                    self.why = text.removeprefix("whyrst: ")

    def _take(self, verdict: dict[str, Any]) -> None:
        number = self.causes.total() + 1
        self.causes[verdict["cause"]] += 1
        self.seen.append(Seen(number, verdict))
        self._fresh.append(verdict)
        self._tell(self.seen[-1])

    def _tell(self, one: Seen | None) -> None:
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(one)


async def _reader(pipe: IO[bytes] | None) -> asyncio.StreamReader:
    assert pipe is not None, "it is a pipe"
    reader = asyncio.StreamReader(LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, then make it. One that has only begun may still be another user's: then ask again."""
    for signal in (process.terminate, process.terminate, process.kill):
        with contextlib.suppress(PermissionError):
            signal()
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, PATIENCE)
            return
