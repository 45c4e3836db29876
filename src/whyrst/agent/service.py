"""The agent's loop: take verdicts from the source, put them into the queue, look after the outputs."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from whyrst.reports.amounts import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whyrst.agent.delivery import Delivery
    from whyrst.agent.notify import Notify
    from whyrst.agent.queue import Queue
    from whyrst.agent.source import Source

TURN = 0.05
"""Seconds between two looks at the source."""
CARE = 1.0
"""Seconds between two looks at the queue: this much is lost when the power fails."""
FLUSH = 5.0
"""Seconds that outputs have at the end; what they do not deliver stays in the queue."""
ANSWER = 10.0
"""Seconds more for the answer to what is under way then: without it, the next start would have to send that again."""
SAY = 60.0
"""Seconds between two lines about one kind of loss."""


class Service:
    """The agent.

    Args:
        source: of verdicts.
        queue: None when nothing is delivered, only counted.
        deliveries: of the queue.
        notify: the service manager.
        say: tells the operator a line.
    """

    def __init__(
        self,
        source: Source,
        queue: Queue | None,
        deliveries: Sequence[Delivery],
        notify: Notify,
        say: Callable[[str], None],
    ) -> None:
        self._source = source
        self._queue = queue
        self._deliveries = deliveries
        self._notify = notify
        self._say = say
        self._cared = 0.0
        self._failing = ""
        self._lost: dict[str, tuple[int, float]] = {}

    def run(self, wait: Callable[[float], bool]) -> None:
        """Until the end comes, or the source has no more and all is delivered.

        Args:
            wait: waits at most so many seconds, and tells whether the end has come.
        """
        for delivery in self._deliveries:
            delivery.start()
        self._notify.ready("tracing")
        while not wait(0 if self._hurries() else TURN):
            if not self._source.done and not self._crowded():
                self._take(self._source.turn())
            elif self._source.done and not any(delivery.waiting for delivery in self._deliveries):
                break
            self._care()
        self._end()

    def _hurries(self) -> bool:
        """A source that is no live one gives all it has."""
        return self._source.patient and not self._source.done and not self._crowded()

    def _crowded(self) -> bool:
        """A source that can wait does so while the queue is half full."""
        return self._source.patient and self._queue is not None and 2 * self._queue.size > self._queue.limit

    def _take(self, lines: list[bytes]) -> None:
        if lines and self._queue is not None:
            self._queue.append(lines)

    def _care(self) -> None:
        self._notify.alive()
        now = time.monotonic()
        if self._queue is None or (now - self._cared < CARE and not self._crowded()):
            return
        self._cared = now
        self._queue.sync()
        self._queue.free(min(delivery.next for delivery in self._deliveries))
        self._complain(self._queue, now)

    def _complain(self, queue: Queue, now: float) -> None:
        """Tell what is lost, and not too often."""
        if queue.error != self._failing:
            lost = count(queue.unqueued["disk"], "verdict")
            self._say(
                f"queue: {queue.error}: verdicts are lost until that is over"
                if queue.error
                else f"queue: writing again; {lost} lost since the start"
            )
            self._failing = queue.error
        self._tell("queue", queue.unqueued["size"], "too long to be queued", now)
        for delivery in self._deliveries:
            self._tell(delivery.name, delivery.dropped, "dropped, the queue is full", now)
            self._tell(delivery.name, delivery.damaged, "damaged in the queue and skipped", now)

    def _tell(self, who: str, number: int, what: str, now: float) -> None:
        before, when = self._lost.get(who + what, (0, 0.0))
        if number > before and (not when or now - when >= SAY):
            self._say(f"{who}: {count(number - before, 'verdict')} {what}")
            self._lost[who + what] = (number, now)

    def _end(self) -> None:
        self._notify.stopping()
        self._take(self._source.finish() if not self._source.done else [])
        for delivery in self._deliveries:
            delivery.drain()
        until = time.monotonic() + FLUSH
        for delivery in self._deliveries:
            delivery.join(until)
        for delivery in self._deliveries:
            delivery.join(until + ANSWER)
        if self._queue is not None:
            self._queue.free(min(delivery.next for delivery in self._deliveries))
            self._complain(self._queue, math.inf)
            self._queue.close()
        for delivery in self._deliveries:
            if delivery.waiting:
                self._say(f"{delivery.name}: {count(delivery.waiting, 'verdict')} left in the queue for the next start")
