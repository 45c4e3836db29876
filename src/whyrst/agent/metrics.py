"""The agent's own metrics, in Prometheus' text format (0.0.4). No label holds an address."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from whyrst.trace.prometheus import head, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whyrst.agent.delivery import Delivery
    from whyrst.agent.queue import Queue

OUTPUTS = (
    ("whyrst_agent_waiting", "gauge", "Verdicts that wait for this output.", "waiting"),
    ("whyrst_agent_delivered_total", "counter", "Verdicts that the receiver acknowledged.", "delivered"),
    ("whyrst_agent_dropped_total", "counter", "Verdicts that left the queue undelivered.", "dropped"),
    ("whyrst_agent_refused_total", "counter", "Verdicts that the receiver will never take.", "refused"),
    ("whyrst_agent_damaged_total", "counter", "Verdicts that could not be read back.", "damaged"),
    ("whyrst_agent_retries_total", "counter", "Attempts that failed and are made again.", "retries"),
    ("whyrst_agent_up", "gauge", "1 when the latest attempt succeeded.", "up"),
    (
        "whyrst_agent_last_delivery_timestamp_seconds",
        "gauge",
        "When verdicts were delivered last, seconds since 1970.",
        "latest",
    ),
)
"""Name, type, help, and the attribute of a delivery."""
SELF = Path("/proc/self/stat")
BOOT = Path("/proc/stat")


def exposition(version: str, queue: Queue | None, deliveries: Sequence[Delivery]) -> str:
    """All metrics but those of resets."""
    lines = [*_one("whyrst_build_info", "gauge", "Version of whyrst.", 1, {"version": version})]
    if queue is not None:
        lines += _queue(queue)
        for name, kind, text, attribute in OUTPUTS:
            lines += head(name, kind, text)
            lines += [f"{name}{labels_of({'output': d.name})} {_number(getattr(d, attribute))}" for d in deliveries]
    lines += _process()
    return "\n".join(lines) + "\n"


def _queue(queue: Queue) -> Iterator[str]:
    yield from _one("whyrst_agent_queued_total", "counter", "Verdicts written to the queue.", queue.queued)
    yield from head("whyrst_agent_unqueued_total", "counter", "Verdicts that could not be written to the queue.")
    for why in ("disk", "size"):
        yield f"whyrst_agent_unqueued_total{labels_of({'reason': why})} {queue.unqueued[why]}"
    yield from _one("whyrst_agent_queue_bytes", "gauge", "Size of the queue on disk.", queue.size)
    yield from _one("whyrst_agent_queue_limit_bytes", "gauge", "Bound of the queue.", queue.limit)


def _process() -> Iterator[str]:
    """Metrics that every exporter has, from proc(5)."""
    fields = SELF.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    used, started, resident = int(fields[11]) + int(fields[12]), int(fields[19]), int(fields[21])
    yield from _one("process_cpu_seconds_total", "counter", "User and system CPU time.", used / tick)
    yield from _one("process_resident_memory_bytes", "gauge", "Resident memory.", resident * page)
    if boot := re.search(r"^btime (\d+)$", BOOT.read_text(encoding="ascii"), re.MULTILINE):
        yield from _one("process_start_time_seconds", "gauge", "Start, since 1970.", int(boot[1]) + started / tick)


def _one(name: str, kind: str, text: str, value: float, labels: dict[str, str] | None = None) -> Iterable[str]:
    return [*head(name, kind, text), f"{name}{labels_of(labels) if labels else ''} {_number(value)}"]


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
