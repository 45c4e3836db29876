"""Records the connections that get reset, as pcapng with the verdicts as packet comments.

All TCP segments of this namespace are kept for a while, each connection's first and latest ones, in bounded memory.
When a reset of a connection is judged, what is kept of it is written, and so is what follows. Packets are written as
resets are judged, so the file is put into the order of time at the end.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from array import array
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from whyrst.annotate.comments import on_reset
from whyrst.capture.pcapng_write import Writer
from whyrst.kernel.namespaces import inside
from whyrst.kernel.wiretap import ALL_TCP, SNAPLEN, Wiretap, segment
from whyrst.reports.printable import printable
from whyrst.trace.retell import RAW, wire_length
from whyrst.trace.selection import SENT

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from whyrst.kernel.wiretap import Seen, Segment
    from whyrst.model import Verdict
    from whyrst.trace.live import Told

    Key = tuple[str, str]

BUFFER = 8 << 20
TURN = 8192
FIRST, LATEST = 8, 120
"""Packets of a connection that are kept."""
MEMORY = 64 << 20
"""Bytes of packets that are kept; the connection that was silent for longest is forgotten first."""
OVERHEAD = 200
"""Bytes that a packet takes beside its own, about."""
CONNECTIONS = 1 << 15
"""Connections that are kept."""
HOLD = 1.0
"""Seconds until a judged connection is written: the verdicts of both ends may come, and what follows the reset."""
AFTER = 2_000_000_000
"""Ns after its reset in which a connection's packets are still written."""
RST = 4
LOOPBACK = "lo"


@dataclass
class _Kept:
    """Packets of one connection that are not written yet."""

    first: list[tuple[Seen, Segment]] = field(default_factory=list)
    latest: deque[tuple[Seen, Segment]] = field(default_factory=deque)
    until: int = 0
    """Write what comes until then; 0: no reset was judged."""
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(len(seen.packet) + OVERHEAD for seen, _ in (*self.first, *self.latest))


class Recorder:
    """Writes a capture while resets are judged. Open it before privileges are given up.

    Args:
        file: a new file, open for reading and writing.
        tap: hears all TCP segments, see `tap`.

    Attributes:
        missed: packets that there was no room for.
        unfound: verdicts whose packet was not seen.
    """

    def __init__(self, file: BinaryIO, tap: Wiretap) -> None:
        self._tap = tap
        self._file = file
        self._writer = Writer(file, application="whyrst trace")
        self._interfaces: dict[str, int] = {}
        self._table: OrderedDict[Key, _Kept] = OrderedDict()
        self._due: dict[Key, float] = {}
        """When to write which connection, seconds of time.monotonic."""
        self._size = 0
        self._times, self._places, self._lengths = array("q"), array("q"), array("q")
        """Of the packets that were written."""
        self.unfound = 0

    @property
    def missed(self) -> int:
        """Packets that there was no room for."""
        return self._tap.dropped

    def take(self, told: Told) -> None:
        """A reset was judged: its connection is written."""
        if told.event.ends is None:
            return
        verdict = told.verdict()
        key = _key(told.event.ends.local, told.event.ends.remote)
        kept = self._table.setdefault(key, _Kept())
        kept.verdicts.append(verdict)
        kept.until = told.event.time + AFTER
        self._due.setdefault(key, time.monotonic() + HOLD)

    def refresh(self) -> None:
        """Read what passed, and write what is due."""
        self._read()
        now = time.monotonic()
        self._write_due([key for key, when in self._due.items() if when <= now])

    def _read(self) -> None:
        for seen in self._tap.poll():
            if seen.interface == LOOPBACK and not seen.outgoing:
                continue  # it was seen leaving
            found = segment(seen.packet)
            if found is not None:
                self._keep(seen, found)

    def _write_due(self, keys: list[Key]) -> None:
        for key in keys:
            del self._due[key]
            kept = self._table.get(key)
            if kept is not None:
                self._write(kept)
        while self._size > MEMORY or len(self._table) > CONNECTIONS:
            key, gone = self._table.popitem(last=False)
            self._due.pop(key, None)
            self.unfound += len(gone.verdicts)
            self._size -= gone.size

    def _keep(self, seen: Seen, found: Segment) -> None:
        key = _key(found.source, found.target)
        kept = self._table.setdefault(key, _Kept())
        self._table.move_to_end(key)
        self._size += len(seen.packet) + OVERHEAD
        if len(kept.first) < FIRST and not kept.latest:
            kept.first.append((seen, found))
        else:
            kept.latest.append((seen, found))
            if len(kept.latest) > LATEST:
                self._size -= len(kept.latest.popleft()[0].packet) + OVERHEAD
        if seen.time < kept.until:
            self._due.setdefault(key, time.monotonic() + HOLD)

    def _write(self, kept: _Kept) -> None:
        packets = [*kept.first, *kept.latest]
        comments = self._comments(kept, packets)
        self._size -= kept.size
        kept.first, kept.latest = [], deque()
        for at, (seen, _) in enumerate(packets):
            start = self._file.tell()
            self._writer.packet(
                seen.packet, seen.time, interface=self._interface(seen.interface), comments=comments.get(at, ()),
                wire=wire_length(seen.packet), direction="out" if seen.outgoing else "in",
            )  # fmt: skip
            self._times.append(seen.time)
            self._places.append(start)
            self._lengths.append(self._file.tell() - start)

    def _comments(self, kept: _Kept, packets: list[tuple[Seen, Segment]]) -> dict[int, list[str]]:
        """By place in the list, what stands on the packet of each reset. Whoever sent it knows most."""
        found: dict[int, list[str]] = {}
        waiting, kept.verdicts = sorted(kept.verdicts, key=_sent, reverse=True), []
        for verdict in waiting:
            places = [at for at, (_, one) in enumerate(packets) if _is_of(one, verdict)]
            if not places:
                self.unfound += 1
            elif places[-1] not in found or _sent(verdict):
                found.setdefault(places[-1], []).append(comment(verdict))
        return found

    def _interface(self, name: str) -> int:
        if name not in self._interfaces:
            self._interfaces[name] = self._writer.interface(RAW, snaplen=SNAPLEN, name=name)
        return self._interfaces[name]

    def close(self) -> None:
        """Write the rest, and put the packets in order."""
        self._read()
        self._tap.close()
        self._write_due(list(self._due))
        self._sort()
        self._file.flush()

    def _sort(self) -> None:
        """Interfaces first, then packets by their time."""
        order = np.argsort(np.array(self._times, dtype=np.int64), kind="stable").tolist()
        if order == list(range(len(order))):
            return
        with tempfile.TemporaryFile() as ordered:
            writer = Writer(ordered, application="whyrst trace")
            for name in self._interfaces:
                writer.interface(RAW, snaplen=SNAPLEN, name=name)
            for at in order:
                self._file.seek(self._places[at])
                ordered.write(self._file.read(self._lengths[at]))
            ordered.seek(0)
            self._file.seek(0)
            shutil.copyfileobj(ordered, self._file)
            self._file.truncate()


def tap(door: Path | None = None) -> Wiretap:
    """Hears all TCP segments of a network namespace.

    Args:
        door: of another namespace, see `namespaces.Namespaces.door`; None for ours.

    Raises:
        OSError: packet sockets need CAP_NET_RAW, other namespaces CAP_SYS_ADMIN.
    """
    hear = partial(Wiretap, ALL_TCP, buffer=BUFFER, turn=TURN)
    return hear() if door is None else inside(door, hear)


def comment(verdict: Verdict) -> str:
    """What stands on a reset's packet: the verdict, and what the kernel said; not the live session's own numbers."""
    lines = [line for line in on_reset(verdict).split("\n") if not line.startswith("id: ")]
    kernel = verdict.kernel
    if kernel is not None:
        process = f", {kernel.process.comm}[{kernel.process.pid}]" if kernel.process is not None else ""
        lines.append(f"kernel: {kernel.reason or 'no reason'}, {kernel.function or 'no function'}{process}")
    return "\n".join(map(printable, lines))


def _sent(verdict: Verdict) -> bool:
    return verdict.kernel is None or verdict.kernel.socket["kind"] in SENT


def _is_of(one: Segment, verdict: Verdict) -> bool:
    reset = verdict.reset
    same = one.flags & RST and (one.source, one.target) == (reset.source, reset.destination)
    # What a socket took is known by its place in the window, not by its own number.
    return bool(same) and (one.seq == reset.seq or not _sent(verdict))


def _key(one: str, other: str) -> Key:
    return (one, other) if one < other else (other, one)
