"""What handlers share: the store, the jobs, the news, and the folders that may be read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from whyrst.mcp.folders import Folders, NotAllowedError
from whyrst.serve.jobs import Jobs
from whyrst.serve.journal import Journal
from whyrst.serve.live import Live
from whyrst.serve.store import Store

if TYPE_CHECKING:
    import subprocess

    from whyrst.serve.settings import Settings
    from whyrst.serve.store import Capture

WAITING = 100
"""News that wait for one listener; the oldest go."""


class News:
    """Tells listeners the ids of captures that changed.

    Attributes:
        over: no more will be told.
    """

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[str]] = set()
        self.over = False

    def tell(self, number: str) -> None:
        """Something about a capture changed."""
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(number)

    def end(self) -> None:
        """Wake all listeners for the last time."""
        self.over = True
        self.tell("")

    def listen(self) -> asyncio.Queue[str]:
        """A queue of ids, until `leave`."""
        queue: asyncio.Queue[str] = asyncio.Queue(WAITING)
        self._listeners.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[str]) -> None:
        """Tell it no more."""
        self._listeners.discard(queue)


class Context:
    """Everything that lives as long as the app.

    Args:
        settings: of the app.
        tracing: the process that feeds the live page; None: it is off.
    """

    def __init__(self, settings: Settings, tracing: subprocess.Popen[bytes] | None = None) -> None:
        self.settings = settings
        self.uploads = settings.data / "uploads"
        self.store = Store(settings.data / "whyrst.db")
        self.news = News()
        self.jobs = Jobs(self.store, settings, self.news.tell)
        self.live = Live(tracing, Journal(self.store))
        self.drawing = asyncio.Semaphore(2)
        self._folders = Folders(settings.folders)

    def submit(self, labels: list[str], paths: list[str], size: int, *, uploaded: bool) -> Capture:
        """Take a capture in; uploads that are beyond the number that may be kept go."""
        capture = self.store.add(labels, paths, size, uploaded=uploaded)
        self.jobs.add(capture)
        self.tidy()
        self.news.tell(capture.id)
        return capture

    def is_full(self) -> bool:
        """Whether as many captures wait as may be kept."""
        return self.jobs.waiting >= self.settings.max_captures

    def tidy(self) -> None:
        """Delete uploads whose time is over."""
        for number in self.store.expired(self.settings.keep, self.settings.max_captures):
            self.store.delete(number)
            self.news.tell(number)

    def end_streams(self) -> None:
        """Let answers that go on come to their end."""
        self.news.end()
        self.live.dismiss()

    def folder_names(self) -> list[str]:
        """Captures in the folders."""
        return list(self._folders.captures())

    def folder_path(self, name: str) -> str | None:
        """Where a capture of the folders is; None when it is not there or leads outside."""
        try:
            return self._folders.file(name)
        except NotAllowedError:
            return None

    def size(self, paths: list[str]) -> int:
        """Bytes of files."""
        return sum(Path(path).stat().st_size for path in paths)
