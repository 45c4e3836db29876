"""Ctrl-C while standard input is read: the end of the input, not of the work.

In `tcpdump -w - | whyrst analyze -` Ctrl-C reaches both programs. tcpdump hands over what it still holds and
ends; whyrst reads that and reports, since the report is what the user waits for. A sender that does not end is
not waited for, and a second Ctrl-C ends whyrst at once.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

GRACE = 1.0
"""Seconds that the sender has to end."""


class Interrupt:
    """Whether it happened."""

    happened = False


@contextmanager
def ends_input(*, wanted: bool) -> Iterator[Interrupt]:
    """Let the first SIGINT end standard input.

    A read that a signal interrupts is tried again (PEP 475), so it goes on with what the pipe still holds; when
    the time is up, standard input becomes /dev/null and the read finds the end.
    """
    interrupt = Interrupt()
    if not wanted or current_thread() is not main_thread():
        yield interrupt
        return

    def close(_: int, __: FrameType | None) -> None:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)

    def note(_: int, __: FrameType | None) -> None:
        interrupt.happened = True
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGALRM, close)
        signal.setitimer(signal.ITIMER_REAL, GRACE)

    before = signal.signal(signal.SIGINT, note)
    alarm = signal.getsignal(signal.SIGALRM)
    try:
        yield interrupt
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, alarm)
        signal.signal(signal.SIGINT, before)
