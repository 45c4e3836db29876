"""The ladder of several captures as a picture: from the passages that the text ladder side by side is drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.reports.conversation import Conversation
from whyrst.reports.ladder import Step
from whyrst.reports.svg.arrows import Line
from whyrst.reports.svg.ladder import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.model import ConnectionInfo
    from whyrst.reports.vantages import Passage


def side_by_side(
    connection: ConnectionInfo, places: Sequence[tuple[str, str]], passages: Sequence[Passage], *, alone: bool = True
) -> str:
    """Draw what all places show.

    Args:
        connection: whose segments they are.
        places: what each place is (client, between, server) and the capture's name, from the client to the server.
        passages: the segments, in the order of time.
        alone: with its style sheet.
    """
    steps = [_step(number, one) for number, one in enumerate(passages, 1)]
    reset = next((step.frame for step, one in zip(steps, passages, strict=True) if one.wanted), 0)
    lines = [Line(*place, number) for number, place in enumerate(places)]
    if places and places[0][0] != "client":
        lines.insert(0, Line("client", connection.client))
    if places and places[-1][0] != "server":
        lines.append(Line("server", connection.server))
    return draw(Conversation(connection.client, connection.server, steps, reset, {}), lines, alone=alone)


def _step(number: int, one: Passage) -> Step:
    """A segment; where its time at a place is not known, that of its first sighting."""
    times = one.times or (one.time,) * len(one.frames)
    seen = tuple(None if frame is None else time for frame, time in zip(one.frames, times, strict=True))
    return Step(
        frame=number,
        time=one.time,
        side=0 if one.forth else 1,
        flags=one.flags,
        seq=one.seq,
        ack=one.ack,
        length=one.length,
        window=one.window,
        seen=seen,
        unsure=tuple(frame is None and not absent for frame, absent in zip(one.frames, one.absent, strict=True)),
        frames=one.frames,
    )
