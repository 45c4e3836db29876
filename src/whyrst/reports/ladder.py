"""The ladder of one connection: its segments as arrows between two ends, as a pure function of values.

Sequence and acknowledgement numbers are relative to each side's first one, silences stand between the arrows,
what was sent again is marked, the reset is drawn with a double line, and the numbers of the evidence stand
beside the frames that show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from whyrst.fast.layout import Flag
from whyrst.reports.amounts import count, duration, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whyrst.connections.states import State

LABEL = 8
"""Columns for the numbers of evidence beside a segment."""
SILENCE = 1_000_000_000
"""Nanoseconds without a segment that are worth a line."""

UNFOLDED = 40
"""Segments up to which nothing is folded."""

OPENING = 4
"""Segments that stay at the start when the middle is folded."""

BEFORE = 12
"""Segments that stay before the reset."""

AFTER = 6
"""Segments that stay after it."""

SILENCES = 10
"""Silences that stay visible, those nearest to the reset."""

FLAG_NAMES = (
    (Flag.SYN, "SYN"),
    (Flag.FIN, "FIN"),
    (Flag.RST, "RST"),
    (Flag.PSH, "PSH"),
    (Flag.ACK, "ACK"),
    (Flag.URG, "URG"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One segment of the ladder."""

    frame: int
    time: int
    """Nanoseconds since 1970."""
    side: int
    """0 sent by the client, 1 by the server."""
    flags: int
    seq: int
    """Relative to the side's first sequence number."""
    ack: int | None
    """Relative to the other side's; none without the ACK flag."""
    length: int = 0
    """Payload bytes."""
    window: int = 0
    """Window field, unscaled."""
    note: str = ""
    """`again`, `probe`, `dup ack` or `copy` when it brings nothing new."""
    states: tuple[State, State] | None = None
    """Of client and server once it was seen; none where nobody followed them."""
    seen: tuple[int | None, ...] = ()
    """Nanoseconds since 1970 at which each place of capture saw it, from the client to the server; none where it did
    not pass. Empty with a single place: `time` says it."""
    unsure: tuple[bool, ...] = ()
    """For each place that did not see it, whether that place cannot tell."""
    frames: tuple[int | None, ...] = ()
    """With several places: its number at each. `frame` then only tells segments apart."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Segments that are left out."""

    segments: int
    bytes_client: int
    bytes_server: int
    start: int
    """Nanoseconds since 1970 of the first and of the last one."""
    end: int

    def __add__(self, other: Fold) -> Fold:
        """Both, one after the other."""
        return Fold(
            self.segments + other.segments,
            self.bytes_client + other.bytes_client,
            self.bytes_server + other.bytes_server,
            min(self.start, other.start),
            max(self.end, other.end),
        )


def folded(step: Step) -> Fold:
    """One segment left out."""
    client = step.length if step.side == 0 else 0
    return Fold(1, client, step.length - client, step.time, step.time)


def fold(items: Sequence[Step | Fold], reset_frame: int, marked: Iterable[int]) -> list[Step | Fold]:
    """Leave out the middle of a long ladder: what is far from the start, the reset, silences and evidence."""
    if len(items) <= UNFOLDED:
        return list(items)
    frames = [item.frame if isinstance(item, Step) else 0 for item in items]
    reset = frames.index(reset_frame) if reset_frame in frames else len(items) - 1
    keep = {*range(OPENING), *range(reset - BEFORE, reset + AFTER + 1)}
    wanted = set(marked)
    keep.update(near for at, frame in enumerate(frames) if frame in wanted for near in (at - 1, at, at + 1))
    loud = [at for at in range(1, len(items)) if began(items[at]) - ended(items[at - 1]) >= SILENCE]
    loud.sort(key=lambda at: abs(at - reset))
    keep.update(near for at in loud[:SILENCES] for near in (at - 1, at))
    shown: list[Step | Fold] = []
    for kept, group in groupby(enumerate(items), key=lambda pair: pair[0] in keep and isinstance(pair[1], Step)):
        some = [item for _, item in group]
        if kept or (len(some) == 1 and isinstance(some[0], Step)):
            shown += some
        else:
            first, *rest = (folded(item) if isinstance(item, Step) else item for item in some)
            shown.append(sum(rest, start=first))
    return shown


def ladder(
    client: str, server: str, items: Sequence[Step | Fold], marks: Mapping[int, Sequence[int]], width: int = 80
) -> list[str]:
    """Draw the segments.

    Args:
        client: its ip:port.
        server: its ip:port.
        items: segments in the order of the capture, and folds between them.
        marks: for a frame, the numbers of the evidence that it shows.
        width: columns.

    Returns:
        Lines of at most `width` columns.
    """
    if not items:
        return []
    steps = [item for item in items if isinstance(item, Step)]
    number = max([5, *(len(str(step.frame)) for step in steps)])
    begin = began(items[0])
    clock = max([10, *(len(_seconds(step.time - begin)) for step in steps)])
    label = max([0, *(len(_marks(marks.get(step.frame, ()))) for step in steps)])
    left = number + 2 + clock + 2
    lane = width - left - (label + 1 if label else 0)
    lines = [f"{'frame':>{number}}  {'seconds':>{clock}}  {_heading(client, server, lane)}".rstrip()]
    heard = [begin, begin]
    last = begin
    for item in items:
        silence = began(item) - last
        if silence >= SILENCE:
            lines.append(" " * left + _between(silent(silence, began(item), heard), lane))
        if isinstance(item, Fold):
            lines.append(" " * left + _between(left_out(item), lane))
            heard = [item.end, item.end]
        else:
            arrow = _arrow(item, lane)
            shown = _marks(marks.get(item.frame, ()))
            lines.append(f"{item.frame:>{number}}  {_seconds(item.time - begin):>{clock}}  {arrow} {shown}".rstrip())
            heard[item.side] = item.time
        last = ended(item)
    return lines


def flag_names(flags: int) -> str:
    """Flags as Wireshark writes them, joined by commas."""
    return ",".join(name for flag, name in FLAG_NAMES if flags & flag) or "no flags"


def stream_filter(stream: int) -> str:
    """Wireshark display filter for a connection."""
    return f"tcp.stream eq {stream}"


def frames_filter(frames: Iterable[int]) -> str:
    """Wireshark display filter for packets."""
    return f"frame.number in {{{', '.join(str(frame) for frame in sorted(set(frames)))}}}"


def began(item: Step | Fold) -> int:
    """Time of a segment, or of the first one that a fold hides."""
    return item.time if isinstance(item, Step) else item.start


def ended(item: Step | Fold) -> int:
    """Time of a segment, or of the last one that a fold hides."""
    return item.time if isinstance(item, Step) else item.end


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e9:.6f}"


def _marks(numbers: Sequence[int]) -> str:
    """Numbers of evidence, as [1,4]; those that do not fit are told by a plus sign."""
    shown = list(numbers)
    text = f"[{','.join(map(str, shown))}]" if shown else ""
    while len(text) > LABEL:
        shown.pop()
        text = f"[{','.join(map(str, shown))},+]"
    return text


def _heading(client: str, server: str, lane: int) -> str:
    left, right = f"client {client}", f"{server} server"
    gap = lane - len(left) - len(right)
    if gap > 0:
        return left + " " * gap + right
    return f"client{' ' * (lane - len('client') - len('server'))}server"


def silent(silence: int, now: int, heard: Sequence[int]) -> str:
    """The silence of the connection, and of an end that had been silent for longer."""
    longer = [
        f"{name} {duration((now - since) / 1e9)}"
        for name, since in zip(("client", "server"), heard, strict=True)
        if now - since >= silence + SILENCE
    ]
    return f"{duration(silence / 1e9)} of silence{f' ({longer[0]})' if longer else ''}"


def left_out(item: Fold) -> str:
    """How much a fold hides."""
    sides = ((item.bytes_client, "client"), (item.bytes_server, "server"))
    sent = [f", {name} {size(number)}" for number, name in sides if number]
    return f"{count(item.segments, 'segment')}{''.join(sent)}"


def _between(text: str, lane: int) -> str:
    return f"|{f'... {text} ...'[: lane - 2]:^{lane - 2}}|"


def _arrow(step: Step, lane: int) -> str:
    room = lane - len("|- - >|") - 1
    text = next((words for words in _labels(step) if len(words) <= room), "")
    text = text or flag_names(step.flags)[:room]
    bar = "=" if step.flags & Flag.RST else "-"
    rest = bar * (lane - 6 - len(text))
    return f"|{bar} {text} {rest}>|" if step.side == 0 else f"|<{rest} {text} {bar}|"


def _labels(step: Step) -> Iterable[str]:
    """What a segment says, from the whole to the least."""
    seq = f"seq {step.seq}" + (f":{step.seq + step.length}" if step.length else "")
    head = f"{flag_names(step.flags)} {seq}"
    note = f" {step.note}" if step.note else ""
    ack = "" if step.ack is None else f" ack {step.ack}"
    yield f"{head}{ack} win {step.window}{note}"
    yield f"{head}{ack}{note}"
    yield f"{head}{note}"
    yield head
