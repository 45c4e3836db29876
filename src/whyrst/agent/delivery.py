"""One output's thread: read a batch, send it until the receiver has it, note the place, go on."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from msgspec import structs

from whyrst.agent.backoff import Backoff
from whyrst.agent.output import Away
from whyrst.agent.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.agent.output import Output
    from whyrst.agent.place import Place, Places
    from whyrst.agent.queue import Queue
    from whyrst.agent.record import Record

GATHER = 0.2
"""Seconds that a batch which is not full waits for more."""
LOOK = 0.5
"""Seconds after which a thread looks up from waiting."""


class Delivery:
    """Delivers to one output.

    Args:
        name: of the output.
        output: where to.
        queue: where from.
        places: where the place is noted.
        say: tells the operator a line.

    Attributes:
        delivered: records that the receiver acknowledged.
        refused: records that it will never take.
        retries: attempts that failed and are made again.
        up: whether the latest attempt succeeded.
        latest: when records were delivered last, seconds since 1970.
    """

    def __init__(self, name: str, output: Output, queue: Queue, places: Places, say: Callable[[str], None]) -> None:
        self.name = name
        self._output = output
        self._queue = queue
        self._places = places
        self._say = say
        self._place = places.read(name, queue.begin, queue.end)
        self._noted = places.note(name, self._place)  # from now on it is not new
        self._reader = Reader(queue, self._place.next)
        self._backoff = Backoff()
        self._open = False
        self._failed = 0
        self._stop, self._drain = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.delivered = self.refused = self.retries = 0
        self.up = True
        self.latest = 0.0

    @property
    def next(self) -> int:
        """Number of the first record that is not delivered."""
        return self._place.next

    @property
    def waiting(self) -> int:
        """Records that wait."""
        return max(self._queue.end - max(self._place.next, self._queue.begin), 0)

    @property
    def dropped(self) -> int:
        """Records that fell out of the queue before they were delivered."""
        return self._reader.lost

    @property
    def damaged(self) -> int:
        """Records that could not be read back."""
        return self._reader.damaged

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def drain(self) -> None:
        """No more records come: end when all are delivered, or when the receiver is away."""
        self._drain.set()
        with self._queue.news:
            self._queue.news.notify_all()

    def join(self, until: float) -> None:
        """Wait for the end; no other batch is sent after that.

        Args:
            until: time.monotonic() until which to wait; what is under way then goes on, for a later call to wait for.
        """
        self._thread.join(max(until - time.monotonic(), 0))
        self._stop.set()

    def _run(self) -> None:
        batch: list[Record] = []
        while not self._stop.is_set():
            try:
                if not self._open:
                    batch = []  # the receiver may know more than we do: read again from where it is
                    self._reach()
                batch = batch or self._next()
                if batch:
                    self._send(batch)
                    batch = []
                else:
                    if not self._noted:  # the disk was full
                        self._note(self._place)
                    if self._drain.is_set():
                        break
            except Away as away:
                self._wait(away)
            except Exception as error:  # noqa: BLE001 - one output's fault must not end the others
                self._wait(Away(f"{type(error).__name__}: {error}"))
        self._reader.close()
        if self._open:
            self._output.close()

    def _reach(self) -> None:
        place = self._output.open(self._place)
        if place != self._place:
            self._note(place)
        self._rewind()
        self._open = True

    def _rewind(self) -> None:
        """Read again from where the receiver is."""
        before = self._reader
        before.close()
        self._reader = Reader(self._queue, self._place.next, before.dropped, before.damaged)

    def _next(self) -> list[Record]:
        batch = self._reader.take()
        if not batch and not self._drain.is_set():
            with self._queue.news:
                if self._reader.at >= self._queue.end:
                    self._queue.news.wait(LOOK)
            if self._reader.at < self._queue.end:
                self._drain.wait(GATHER)
                batch = self._reader.take()
        if batch:  # what is missing before it was counted, and must not be again when this is sent again
            self._place = structs.replace(self._place, next=batch[0].number)
        return batch

    def _send(self, batch: list[Record]) -> None:
        sent = self._output.send(batch)
        if sent.refused and not self.refused:
            self._say(f"{self.name}: the receiver will not take {sent.refused} of {len(batch)} verdicts: {sent.why}")
        self.delivered += len(batch) - sent.refused
        self.refused += sent.refused
        self.latest = time.time()
        if self._failed:
            self._say(f"{self.name}: delivering again, after {self._failed} attempts that failed")
        self._failed, self.up = 0, True
        self._backoff.reset()
        self._note(sent.place)

    def _note(self, place: Place) -> None:
        self._place = place
        self._noted = self._places.note(self.name, place)

    def _wait(self, away: Away) -> None:
        self._output.close()
        self._rewind()
        self._open = False
        if not self._failed:
            self._say(f"{self.name}: {away}; trying again until it works")
        self._failed += 1
        self.retries += 1
        self.up = False
        if self._drain.is_set():
            self._stop.set()
            return
        end = time.monotonic() + self._backoff.next(away.wait)
        while not self._stop.is_set() and not self._drain.is_set() and (left := end - time.monotonic()) > 0:
            self._drain.wait(left)
