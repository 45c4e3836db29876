"""When a command that goes on for ever ends: Ctrl-C, SIGTERM, or after a time. A second signal ends it at once."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Ending:
    """Whether the end has come.

    Args:
        duration: seconds, None for no limit.
    """

    def __init__(self, duration: float | None) -> None:
        self._event = threading.Event()
        self._until = time.monotonic() + duration if duration is not None else None

    def come(self) -> None:
        """It is time."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Wait, at most so long; returns whether the end has come."""
        if self._until is not None:
            seconds = min(seconds, max(self._until - time.monotonic(), 0))
        if self._event.wait(seconds):
            return True
        return self._until is not None and time.monotonic() >= self._until


@contextmanager
def ending(duration: float | None) -> Iterator[Ending]:
    """Let signals end the work in an orderly way."""
    end = Ending(duration)

    def note(_: int, __: FrameType | None) -> None:
        end.come()
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield end
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
