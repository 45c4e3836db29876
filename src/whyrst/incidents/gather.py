"""Gathers judged resets into incidents, batch after batch, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.tables import Conn
from whyrst.incidents import kinds
from whyrst.model import Incident
from whyrst.resets import text
from whyrst.resets.facts import distinct, one_of
from whyrst.resets.harm import HARMS

if TYPE_CHECKING:
    from whyrst.incidents.kind import Kind
    from whyrst.resets.facts import Mask
    from whyrst.verdicts.judged import Judged

MOST = 10_000
"""Incidents that are kept; resets of further ones belong to none."""
FRAMES = 20
"""Frames that an incident names."""
WORST = (3, 2, 1, 4, 0)
"""Codes of harm, the worst first."""


@dataclass
class _Open:
    """An incident that may still grow."""

    id: str
    kind: Kind
    title: str
    says: str
    causes: dict[str, int] = field(default_factory=dict)
    resets: int = 0
    connections: int = 0
    start: int = 0
    end: int = 0
    harm: int = len(WORST) - 1
    frames: list[int] = field(default_factory=list)


class Gatherer:
    """Collects incidents over the batches of one analysis."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], _Open] = {}

    def take(self, judged: Judged) -> None:
        """Give each reset of a batch its incident."""
        free = np.ones(len(judged), dtype=bool)
        names = np.array(judged.ids)
        for kind in kinds():
            wanted = one_of(judged.cause, [k for k, name in enumerate(names) if name in kind.causes]) & free
            if not wanted.any():
                continue
            keys = kind.key(judged)
            wanted &= keys != 0
            found, count = np.unique(keys[wanted], return_counts=True)
            for key, resets in zip(found.tolist(), count.tolist(), strict=True):
                # Connections of an incident are at most its resets: the rest need not be looked at one by one.
                if resets >= kind.least or (kind.id, key) in self._open:
                    self._join(kind, key, wanted & (keys == key), judged, free)

    def _join(self, kind: Kind, key: int, members: Mask, judged: Judged, free: Mask) -> None:
        at = np.flatnonzero(members)
        connections = len(distinct(judged.resets.conn(Conn.STREAM)[at]))
        incident = self._open.get((kind.id, key))
        if incident is None:
            if connections < kind.least or len(self._open) >= MOST:
                return
            incident = _Open(f"{kind.id}-{len(self._open) + 1}", kind, "", "", start=int(judged.time[at[0]]))
            self._open[kind.id, key] = incident
        free[at] = False
        for i in at.tolist():
            judged.incident[i] = incident.id
        incident.resets += len(at)
        incident.connections += connections
        incident.end = max(incident.end, int(judged.time[at].max()))
        incident.harm = min(incident.harm, *(WORST.index(h) for h in distinct(judged.harm[at]).tolist()))
        for k, count in zip(*np.unique(judged.cause[at], return_counts=True), strict=True):
            cause = judged.ids[int(k)]
            incident.causes[cause] = incident.causes.get(cause, 0) + int(count)
        incident.frames += judged.frame[at[: max(0, FRAMES - len(incident.frames))]].tolist()
        self._word(incident, judged, int(at[0]))

    def _word(self, incident: _Open, judged: Judged, i: int) -> None:
        """Fill the sentences from the first reset; the counts follow as the incident grows."""
        r = judged.resets
        ports = int(r.conn(Conn.PORTS)[i])
        extra = {
            "count": f"{incident.connections:,}",
            "service": text.endpoint(int(r.conn(Conn.SERVER_HI)[i]), int(r.conn(Conn.SERVER_LO)[i]), ports & 0xFFFF),
            "host": text.address(int(r.conn(Conn.SERVER_HI)[i]), int(r.conn(Conn.SERVER_LO)[i])),
            "client": text.address(int(r.conn(Conn.CLIENT_HI)[i]), int(r.conn(Conn.CLIENT_LO)[i])),
            "name": r.names.get(int(r.conn(Conn.NAME)[i]), "no name"),
        }
        incident.title = text.fill(_partly(incident.kind.title, extra), r, i)[0]
        incident.says = text.fill(_partly(incident.kind.says, extra), r, i)[0]

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """All incidents so far, the most harmful first, then the largest."""
        ordered = sorted(self._open.values(), key=lambda o: (o.harm, -o.connections, o.start))
        return tuple(
            Incident(
                id=o.id,
                kind=o.kind.id,
                title=o.title,
                says=o.says,
                causes=o.causes,
                resets=o.resets,
                connections=o.connections,
                start=text.iso(o.start),
                end=text.iso(o.end),
                harm=HARMS[WORST[o.harm]],  # type: ignore[arg-type]
                frames=tuple(o.frames),
            )
            for o in ordered
        )


def _partly(template: str, values: dict[str, str]) -> str:
    """Fill only these fields; values from a capture cannot bring in fields of their own."""
    for name, value in values.items():
        template = template.replace("{" + name + "}", value.replace("{", "(").replace("}", ")"))
    return template
