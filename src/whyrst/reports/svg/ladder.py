"""The ladder of a connection as a picture, a pure function of values.

Time runs downwards. Beside the lines of both ends stand their states (RFC 9293 section 3.3.2), on the arrows what
each segment said and, as numbered marks, which evidence it bears. The reset is red.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whyrst.connections.states import State
from whyrst.fast.layout import Flag
from whyrst.reports.amounts import count, duration
from whyrst.reports.ladder import Fold, Step, began, ended, flag_names, fold, left_out, silent
from whyrst.reports.svg.arrows import Line, arrow, way
from whyrst.reports.svg.markup import ADVANCE, box, cut, document, escape, number, path, text
from whyrst.reports.svg.palette import css
from whyrst.reports.svg.scale import BREAK, Scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whyrst.reports.conversation import Conversation
    from whyrst.reports.svg.arrows import Point

FRAME, CLOCK = 50.0, 88.0
"""Least widths of the columns of frame numbers and times."""

STATES = 134.0
"""Between the times and the first line: the state of the client."""

LANE = 470.0
"""Between both ends."""

HOP = 310.0
"""Between two lines, when there are more than two."""

MARGIN = 122.0
"""Right of the last line: the state of that end."""

TOP = 58.0
BAR = 7.0
MARK = 8.0
"""Radius of a mark."""

HEAD_ROOM = 22.0
"""From an arrow's head to its first mark."""

NOTES = {"again": "sent again", "probe": "probe", "dup ack": "duplicate ACK", "copy": "copy"}
"""What `Step.note` is called here."""

PHASES = {
    **dict.fromkeys((State.SYN_SENT, State.SYN_RECEIVED), "opening"),
    State.ESTABLISHED: "established",
    **dict.fromkeys((State.CLOSED, State.TIME_WAIT), "closed"),
    State.RESET: "reset",
}
"""Colour of a state; the others are those of closing."""

FOOT = "Time runs downwards on a logarithmic scale; silences are cut."
MARKED = " Numbers in circles: the evidence."
SIGNS = " Dot: made on the way. Cross: lost there. Question mark: the next capture cannot tell."


def draw(conversation: Conversation, lines: Sequence[Line] = (), *, alone: bool = True) -> str:
    """Draw a conversation.

    Args:
        conversation: its segments; the middle of a long one is folded.
        lines: ends and places of capture from the client to the server; both ends if empty.
        alone: with its style sheet; a page that holds several has it once.

    Returns:
        One `svg` element.
    """
    lines = lines or (Line("client", conversation.client), Line("server", conversation.server))
    items = fold(conversation.items, conversation.reset_frame, conversation.marks)
    sheet = _Sheet(lines, items, conversation)
    height = sheet.scale.bottom + 26
    body = [
        box(0, 0, sheet.width, height, "ground", 6),
        *sheet.bands(),
        *sheet.lines(),
        *sheet.states(0),
        *sheet.states(1),
        *sheet.rows(),
        text(16, height - 12, sheet.foot(), "foot muted"),
    ]
    return document(sheet.width, height, *_told(conversation, items), body, css() if alone else "")


def _told(conversation: Conversation, items: Sequence[Step | Fold]) -> tuple[str, str]:
    """Accessible name and description."""
    segments = sum(item.segments if isinstance(item, Fold) else 1 for item in items)
    resets = [item for item in items if isinstance(item, Step) and item.frame == conversation.reset_frame]
    says = f"{count(segments, 'segment')}, of which {sum(isinstance(item, Step) for item in items):,} are drawn."
    for item in resets:
        sender, receiver = ("server", "client") if item.side else ("client", "server")
        after = duration((item.time - began(items[0])) / 1e9)
        says += (
            f" Frame {item.frame} is the {flag_names(item.flags)} from {sender} to {receiver}, {after} after the start."
        )
    return f"Ladder of {conversation.client} and {conversation.server}", says


class _Sheet:
    """One ladder's geometry and its parts."""

    def __init__(self, lines: Sequence[Line], items: Sequence[Step | Fold], conversation: Conversation) -> None:
        hop = LANE if len(lines) == 2 else HOP  # noqa: PLR2004  (both ends)
        self._lines = lines
        self._items = items
        self._marks: Mapping[int, Sequence[int]] = conversation.marks
        self._reset = conversation.reset_frame
        steps = [item for item in items if isinstance(item, Step)]
        self._start = began(items[0]) if items else 0
        self._frame = max([FRAME, *(len(_numbers(step)) * ADVANCE + 12 for step in steps)])
        self._clock = self._frame + max([CLOCK, *(len(self._time(step)) * ADVANCE + 16 for step in steps)])
        first = self._clock + STATES
        self._places = [first + at * hop for at in range(len(lines))]
        self._hop = hop
        self._crossed = " halo" if len(lines) > 2 else ""  # noqa: PLR2004  (sloped arrows may run through labels)
        self.width = self._places[-1] + MARGIN
        self.scale = Scale(items, TOP)

    def bands(self) -> list[str]:
        """A ground of its own for the reset that the ladder is about."""
        return [
            box(8, level - 18, self.width - 16, 25, "band", 4)
            for item, level in zip(self._items, self.scale.rows, strict=True)
            if isinstance(item, Step) and item.frame == self._reset
        ]

    def lines(self) -> list[str]:
        """The lines, what they are, and where they are cut."""
        heads = ((self._frame, "frame"), (self._clock, "seconds"))
        found = [text(x, TOP - 2, says, "foot muted end") for x, says in heads]
        last = len(self._lines) - 1
        for at, (line, x) in enumerate(zip(self._lines, self._places, strict=True)):
            found.append(path([(x, TOP - 10), (x, self.scale.bottom)], "line"))
            found.append(self._heading(x, TOP - 36, line.title, "text name"))
            room = self._hop - 24 if 0 < at < last else self._hop
            found.append(self._heading(x, TOP - 20, cut(line.subtitle, room), "muted"))
        return found

    def _heading(self, x: float, y: float, says: str, classes: str) -> str:
        """A text in the middle above a line, as far as the sheet has room."""
        half = len(says) * ADVANCE / 2 + 10
        return text(max(half, min(x, self.width - half)), y, says, f"{classes} mid")

    def states(self, side: int) -> list[str]:
        """The states of one end along its line, each named where it begins."""
        x = self._places[-1] if side else self._places[0]
        known = [
            (level, item.states[side])
            for item, level in zip(self._items, self.scale.rows, strict=True)
            if isinstance(item, Step) and item.states is not None
        ]
        found = []
        changes = [one for at, one in enumerate(known) if at == 0 or known[at - 1][1] != one[1]]
        for (level, state), (end, _) in pairwise([*changes, (self.scale.bottom, State.CLOSED)]):
            found.append(box(x - BAR / 2, level, BAR, end - level, PHASES.get(state, "closing"), 2))
            name = "CLOSED" if state is State.RESET else state.name.replace("_", "-")
            edge = x + 12 if side else x - 16
            found.append(text(edge, level + 3.5, name, f"state muted{'' if side else ' end'}"))
        return found

    def rows(self) -> list[str]:
        """Segments, silences and folds: first all arrows, then what is written on them."""
        last = self._start
        heard = [last, last]
        arrows: list[str] = []
        words: list[str] = []
        for place, (item, level) in enumerate(zip(self._items, self.scale.rows, strict=True)):
            pause = self.scale.silences.get(place)
            if pause is not None:
                words += self._gap(*pause, silent(began(item) - last, began(item), heard))
            if isinstance(item, Fold):
                words += self._gap(level - BREAK / 3, level + BREAK / 3, f"{left_out(item)} left out")
                heard = [item.end, item.end]
            else:
                drawn = way(item, self._lines, self._places, level, self.scale)
                arrows.append(_grouped(item, arrow(drawn)))
                words += [
                    self._account(item, level),
                    self._label(item, drawn.points),
                    *self._bears(item, drawn.points),
                ]
                heard[item.side] = item.time
            last = ended(item)
        return arrows + words

    def foot(self) -> str:
        """What the signs mean."""
        unseen = any(None in item.seen for item in self._items if isinstance(item, Step))
        return FOOT + (MARKED if self._marks else "") + (SIGNS if unseen else "")

    def _gap(self, top: float, bottom: float, says: str) -> list[str]:
        """A cut through all lines, and what is left out there."""
        found = []
        for x in self._places:
            found.append(box(x - BAR / 2 - 1, top, BAR + 2, bottom - top, "ground"))
            found.append(path([(x, top + 3), (x, bottom - 2)], "cut"))
        middle, level = (self._places[0] + self._places[-1]) / 2, (top + bottom) / 2
        width = len(says) * 6.1 + 28
        found.append(box(middle - width / 2, level - 11, width, 22, "pill", 11))
        found.append(text(middle, level + 4, says, "gap muted mid"))
        return found

    def _account(self, step: Step, level: float) -> str:
        """Frame and time."""
        classes = "judged end" if step.frame == self._reset else "muted end"
        return text(self._frame, level + 4, _numbers(step), classes) + text(
            self._clock, level + 4, self._time(step), classes
        )

    def _time(self, step: Step) -> str:
        """Seconds since the first segment."""
        return f"{(step.time - self._start) / 1e9:.6f}"

    def _label(self, step: Step, points: Sequence[Point]) -> str:
        """What a segment says, from the whole to the least that fits on its arrow."""
        (x, y), (end, _) = points[0], points[-1]
        marks = len(self._marks.get(step.frame, ()))
        room = abs(end - x) - 34 - (marks * (2 * MARK + 3) + 8 if marks else 0)
        flags, note = flag_names(step.flags), NOTES.get(step.note, "")
        words = _words(step)
        while words and len(" ".join([flags, *words, note])) * ADVANCE > room:
            words.pop()
        parts = [f'<tspan class="flags">{flags}</tspan>', *words]
        parts += [f'<tspan class="note">{escape(note)}</tspan>'] if note else []
        classes = "text" + self._crossed + (" end" if step.side else "")
        at = f'x="{number(x - 14 if step.side else x + 14)}" y="{number(y - 5)}"'
        return _grouped(step, f'<text {at} class="{classes}">{" ".join(parts)}</text>')

    def _bears(self, step: Step, points: Sequence[Point]) -> list[str]:
        """The numbers of the evidence that a segment bears, on its arrow before the head."""
        shown = self._marks.get(step.frame, ())
        (x0, y0), (x1, y1) = points[-2:]
        back = -1 if x1 > x0 else 1
        found = []
        for place, one in enumerate(shown if x0 > x1 else reversed(shown)):
            x = x1 + back * (HEAD_ROOM + place * (2 * MARK + 3))
            y = y1 + (x - x1) * (y1 - y0) / (x1 - x0) - 1
            found.append(
                f'<g class="mark"><circle cx="{number(x)}" cy="{number(y)}" r="{number(MARK)}"/>'
                f'<text x="{number(x)}" y="{number(y + 3.4)}">{one}</text></g>'
            )
        return found


def _numbers(step: Step) -> str:
    """Its frame, or its frames at all places."""
    return " ".join(str(one or "-") for one in step.frames) if step.frames else str(step.frame)


def _grouped(step: Step, shapes: str) -> str:
    """Shapes with the classes that a segment's kind gives them."""
    kinds = ["rst"] if step.flags & Flag.RST else []
    kinds += [step.note] if step.note in {"again", "copy"} else []
    return f'<g class="{" ".join(kinds)}">{shapes}</g>' if kinds else shapes


def _words(step: Step) -> list[str]:
    """Fields of the header, the dispensable ones last."""
    found = [f"seq {step.seq}"]
    if step.ack is not None:
        found.append(f"ack {step.ack}")
    if step.length:
        found.append(f"len {step.length}")
    return [*found, f"win {step.window}"]
