"""The ladder of one connection as captures of several places show it, side by side on one clock: a pure function.

Each segment is one line. Between two places that both show it stands an arrow; where it was lost, the arrow ends at a
cross; where it was made on the way, it begins at a star. A question mark says that the next capture cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whyrst.reports.amounts import duration
from whyrst.reports.ladder import flag_names

if TYPE_CHECKING:
    from collections.abc import Sequence

Label = tuple[str, ...]
"""Words for one thing, the longest first; empty when it was said."""
SILENCE = 1_000_000_000
"""Nanoseconds without a segment that are worth a line."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One segment on its way through all places.

    Attributes:
        time: when it was first seen, nanoseconds on the common clock.
        forth: sent by the end on the left.
        flags: TCP flags.
        seq: relative to its sender's first one.
        length: payload bytes.
        ack: relative; none without the ACK flag.
        frames: its number at each place, from the left; None where it was not seen.
        absent: for each place, whether it certainly did not pass there.
        wanted: it is the reset in question.
        note: what differs between places, for instance translated addresses.
        window: window field, unscaled.
        times: when it was seen at each place, on the common clock; None where it was not.
    """

    time: int
    forth: bool
    flags: int
    seq: int
    length: int
    ack: int | None
    frames: tuple[int | None, ...]
    absent: tuple[bool, ...]
    wanted: bool = False
    note: str = ""
    window: int = 0
    times: tuple[int | None, ...] = ()


def vantages(names: Sequence[str], passages: Sequence[Passage], width: int = 80) -> list[str]:
    """Draw the segments.

    Args:
        names: what each place is called, from the left.
        passages: in the order of time.
        width: columns.

    Returns:
        Lines of at most `width` columns.
    """
    if not passages:
        return []
    begin = passages[0].time
    clock = max(10, *(len(_seconds(p.time - begin)) for p in passages))
    frames = [max([len("frame"), *(len(str(p.frames[k] or "-")) for p in passages)]) for k in range(len(names))]
    right = sum(frames) + len(frames)
    lane = max((width - clock - 3 - right) // max(len(names) - 1, 1), 12)
    head = "".join(name[: lane - 1].ljust(lane) for name in names[:-1]) + names[-1][: max(frames[-1] + 8, 8)]
    lines = [f"{'seconds':>{clock}}  {head}".rstrip()]
    last = begin
    for p in passages:
        if p.time - last >= SILENCE:
            text = f"... {duration((p.time - last) / 1e9)} of silence ..."
            lines.append(" " * (clock + 2) + f"|{text:^{lane * (len(names) - 1) - 1}}|")
        numbers = " ".join(f"{frame or '-':>{size}}" for frame, size in zip(p.frames, frames, strict=True))
        line = f"{_seconds(p.time - begin):>{clock}}  {_lanes(p, lane)} {numbers} {p.note}"
        lines.append(line.rstrip()[:width])
        last = p.time
    return lines


def _lanes(p: Passage, lane: int) -> str:
    """The line between the places."""
    gaps = len(p.frames) - 1
    seen = [frame is not None for frame in p.frames]
    order = range(gaps) if p.forth else range(gaps - 1, -1, -1)
    parts = [""] * gaps
    label = _label(p)
    for k in order:
        near, far = (k, k + 1) if p.forth else (k + 1, k)
        parts[k], label = _gap(p, seen[near], seen[far], far, near, label, lane - 1)
    return "|" + "|".join(parts) + "|"


def _gap(p: Passage, near: bool, far: bool, to: int, of: int, label: Label, room: int) -> tuple[str, Label]:  # noqa: FBT001
    """One gap between two places, and the label if it still waits for room."""
    line = "=" if p.wanted else "-"
    if near and far:
        body, label = _drawn(label, line, room - 1)
        return _turned(body + ">", forward=p.forth), label
    if near:
        body, label = _drawn(label, line, min(room // 2 + len(label[0]) // 2, room - 1) if label else room // 2)
        end = "x" if p.absent[to] else "?"
        return _turned((body + end)[:room].ljust(room), forward=p.forth), label
    if far:
        start = "*" if p.absent[of] else "?"
        size = max(room // 2, min(len(label[0]) + 6, room) if label else 0)
        body, label = _drawn(label, line, size - 2)
        return _turned((start + body + ">").rjust(room), forward=p.forth), label
    return " " * room, label


def _drawn(label: Label, line: str, size: int) -> tuple[str, Label]:
    """A line of that size with the longest label that has room in it; nothing is left of it then."""
    for words in label:
        if len(words) + 3 <= size:
            return f"{line} {words} ".ljust(size, line), ()
    return line * size, label


def _turned(text: str, *, forward: bool) -> str:
    """The gap as it stands, or mirrored with its words kept readable."""
    if forward:
        return text
    words = text.strip("-=>x*? ")
    mirrored = text[::-1].replace(">", "<")
    return mirrored.replace(words[::-1], words) if words else mirrored


def _label(p: Passage) -> Label:
    """What a segment is, in full and shorter."""
    span = f" {p.seq}:{p.seq + p.length}" if p.length else f" seq {p.seq}" if p.flags & 0x07 else ""
    ack = f" ack {p.ack}" if p.ack is not None and not p.length else ""
    name = flag_names(p.flags)
    return f"{name}{span}{ack}", f"{name}{span}", name


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e9:.6f}"
