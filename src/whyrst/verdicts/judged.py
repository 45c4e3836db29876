"""A batch of judged resets: columns for counting, and one `Verdict` at a time for showing."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from whyrst.causes import all_causes
from whyrst.fast.layout import Seg, Tunnel
from whyrst.fast.tables import Conn, Rst
from whyrst.model import (
    SCHEMA,
    Alternative,
    Confidence,
    ConnectionInfo,
    Evidence,
    Harm,
    HarmLevel,
    Holds,
    Mechanism,
    References,
    ResetInfo,
    Stage,
    VantageName,
    Verdict,
    Weight,
)
from whyrst.resets import text
from whyrst.resets.facts import SECOND
from whyrst.resets.harm import HARMS
from whyrst.resets.mechanism import ACTIVE, MECHANISMS
from whyrst.resets.progress import STAGES
from whyrst.resets.tampering import STAGES as TAMPERING_STAGES
from whyrst.resets.vantage import VANTAGES
from whyrst.verdicts.weigh import CONFIDENCES, Weighed, weigh

if TYPE_CHECKING:
    import numpy.typing as npt

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

ALTERNATIVES = 4
"""Runners-up that a verdict names."""
LEAST = 0.005
"""A runner-up less probable than this is not worth a line."""
FOR = {
    "needed": "needed",
    "proves": "supports",
    "shows": "supports",
    "decides": "supports",
    "supports": "supports",
    "hints": "supports",
}
"""The verdict's word for a judge's; all others refute."""
HOLDS: tuple[Holds, ...] = ("no", "unknown", "yes")
"""The verdict's word for a fact's value, from -1 on."""
TELLING = ("proves", "shows", "decides", "needed", "supports", "hints", "excludes", "refutes", "doubts")
"""Order in which evidence is shown."""


class Judged:
    """One batch of judged resets.

    Args:
        resets: their facts.
    """

    def __init__(self, resets: Resets) -> None:
        self.resets = resets
        self._weighed: Weighed = weigh(resets)
        self.incident: list[str | None] = [None] * len(resets)
        """Incident of each reset; filled in by `incidents`."""

    def __len__(self) -> int:
        return len(self.resets)

    @property
    def ids(self) -> tuple[str, ...]:
        """Cause ids; `cause` counts in it."""
        return self._weighed.ids

    @property
    def cause(self) -> npt.NDArray[np.int64]:
        """The cause of each reset, as an index into `ids`."""
        return self._weighed.cause

    @property
    def confidence(self) -> npt.NDArray[np.int8]:
        """0 undetermined, 1 possible, 2 likely, 3 certain."""
        return self._weighed.confidence

    @cached_property
    def probability(self) -> npt.NDArray[np.float32]:
        """Probability of the cause."""
        return self._weighed.probability[self.cause, np.arange(len(self))]

    @property
    def mechanism(self) -> Column:
        """0 unknown, 1 active, 2 passive, 3 firewall, 4 forged."""
        return self.resets.mechanism.code

    @property
    def harm(self) -> Column:
        """0 none, 1 refused, 2 aborted, 3 data-lost, 4 unknown."""
        return self.resets.harm.code

    @property
    def echo(self) -> Mask:
        """A further reset of the same connection."""
        return self.resets.own(Rst.NUMBER) > 1

    @property
    def sender_side(self) -> Column:
        """0 when the client's address is the source, 1 for the server's."""
        return self.resets.own(Rst.SIDE)

    @property
    def client_key(self) -> Column:
        """Hash of the client's address."""
        return self.resets.neighbours.client_key

    @property
    def server_key(self) -> Column:
        """Hash of the server's address and port."""
        return self.resets.neighbours.service_key

    @property
    def time(self) -> Column:
        """Nanoseconds since 1970."""
        return self.resets.seg(Seg.TIME)

    @property
    def frame(self) -> Column:
        """Number of the reset in its capture."""
        return self.resets.seg(Seg.FRAME)

    def verdict(self, i: int) -> Verdict:
        """The verdict of reset i, with its sentences."""
        r = self.resets
        k = int(self.cause[i])
        cause = all_causes()[self.ids[k]]
        told = r.declared.told(i)
        lost = int(r.harm.bytes_lost[i])
        level = cast("HarmLevel", HARMS[int(self.harm[i])])
        return Verdict(
            schema=SCHEMA,
            capture=r.captures[int(r.own(Rst.CAPTURE)[i])],
            vantage=cast("VantageName", VANTAGES[int(r.vantage.code[i])]),
            time=text.iso(int(self.time[i])),
            frame=int(self.frame[i]),
            connection=self._connection(i),
            reset=self._reset(i),
            cause=cause.id,
            confidence=cast("Confidence", CONFIDENCES[int(self.confidence[i])]),
            probability=round(min(float(self.probability[i]), 1.0), 4),
            alternatives=self._alternatives(i, k),
            evidence=self._evidence(i, k),
            harm=Harm(level, lost if level != "unknown" else None, r.harm.says(i)),
            kernel=r.kernel.told(i) if r.kernel is not None else None,
            references=References(cause.rfc, cause.kernel, cause.counter),
            fix=cause.fix,
            to_be_sure="" if self._settled(i) else cause.to_be_sure,
            incident=self.incident[i],
            copies=int(r.own(Rst.COPIES)[i]),
            declared=told.says if told else None,
            origin=r.origins[i] if r.origins is not None else None,
        )

    def _settled(self, i: int) -> bool:
        """Whether nothing is left to be asked: the kernel, or captures of several places, proved a certain cause."""
        r = self.resets
        told = r.events is not None and r.events[i] is not None
        placed = r.origins[i] if r.origins is not None else None
        return CONFIDENCES[int(self.confidence[i])] == "certain" and (told or (placed is not None and placed.certain))

    def ruled_out(self, i: int) -> list[tuple[str, str]]:
        """Causes that are impossible for reset i, each with the fact that says so."""
        found = []
        for name, signs in zip(self.ids, self._weighed.signs, strict=True):
            against = _against(signs, i, fatal=True)
            if against is not None and name != self.ids[int(self.cause[i])]:
                found.append((name, self._says(against, i)[0]))
        return found

    def community_id(self, i: int) -> str:
        """Community ID of the connection of reset i."""
        cell = self.resets.cells[Rst.CONN : Rst.CONN + Conn.COUNT, i].tolist()
        a, b = (cell[Conn.CLIENT_HI], cell[Conn.CLIENT_LO]), (cell[Conn.SERVER_HI], cell[Conn.SERVER_LO])
        return text.community_id(text.packed(*a), cell[Conn.PORTS] >> 16, text.packed(*b), cell[Conn.PORTS] & 0xFFFF)

    def _connection(self, i: int) -> ConnectionInfo:
        r = self.resets
        cell = r.cells[Rst.CONN : Rst.CONN + Conn.COUNT, i].tolist()
        sport, dport = cell[Conn.PORTS] >> 16, cell[Conn.PORTS] & 0xFFFF
        a, b = (cell[Conn.CLIENT_HI], cell[Conn.CLIENT_LO]), (cell[Conn.SERVER_HI], cell[Conn.SERVER_LO])
        states = [text.STATE_NAMES[int(s[i])] for s in (r.progress.sender_state, r.progress.peer_state)]
        if r.by_server[i]:
            states.reverse()
        mine, theirs = int(r.progress.sender_bytes[i]), int(r.progress.peer_bytes[i])
        return ConnectionInfo(
            id=f"{cell[Conn.STREAM]}-{cell[Conn.FIRST_TIME] & 0xFFFFFFFF:08x}",
            community_id=self.community_id(i),
            client=text.endpoint(*a, sport),
            server=text.endpoint(*b, dport),
            stage=cast("Stage", STAGES[int(r.progress.stage[i])]),
            state="/".join(states),
            tcp_stream=cell[Conn.STREAM],
            client_known=cell[Conn.KNOWN] == 1,
            start=text.iso(cell[Conn.FIRST_TIME]),
            duration=max(int(self.time[i]) - cell[Conn.FIRST_TIME], 0) / SECOND,
            bytes_client=mine if r.by_client[i] else theirs,
            bytes_server=theirs if r.by_client[i] else mine,
            name=r.names.get(cell[Conn.NAME]) if cell[Conn.NAME] else None,
            tunnel=_tunnel(cell[Conn.TUNNEL]),
            tampering_stage=TAMPERING_STAGES[int(r.tampering.stage[i])],
            tampering_signature=r.tampering.signature(i),
        )

    def _reset(self, i: int) -> ResetInfo:
        r = self.resets
        cell = r.cells[Rst.SEGMENT : Rst.SEGMENT + Seg.COUNT, i].tolist()
        mechanism = int(self.mechanism[i])
        answers = int(r.trigger.frame[i]) if r.trigger.found[i] and mechanism != ACTIVE else None
        if answers is not None and not r.trigger.fits_exactly[i]:
            answers = None
        return ResetInfo(
            sender="client" if r.by_client[i] else "server",
            source=text.endpoint(cell[Seg.SRC_HI], cell[Seg.SRC_LO], cell[Seg.SPORT]),
            destination=text.endpoint(cell[Seg.DST_HI], cell[Seg.DST_LO], cell[Seg.DPORT]),
            flags=text.flag_names(cell[Seg.FLAGS]),
            seq=cell[Seg.SEQ],
            ack=cell[Seg.ACK],
            window=cell[Seg.WINDOW],
            ttl=cell[Seg.TTL],
            ip_id=cell[Seg.IP_ID] if cell[Seg.IP_ID] >= 0 else None,
            mechanism=cast("Mechanism", MECHANISMS[mechanism]),
            answers_frame=answers,
            effective=_three(int(r.effective.values[i])),
            ordinal=int(r.own(Rst.NUMBER)[i]),
        )

    def _says(self, sign: Sign, i: int) -> tuple[str, tuple[int, ...]]:
        value = int(sign.fact.values[i])
        if value < 0 and sign.otherwise:
            return text.fill(sign.otherwise, self.resets, i)
        says, frames = text.fill(sign.says, self.resets, i)
        return (f"not so: {says}" if value < 0 else says), frames

    def _evidence(self, i: int, k: int) -> tuple[Evidence, ...]:
        found = []
        for sign in sorted(self._weighed.signs[k], key=lambda s: TELLING.index(s.word)):
            value = int(sign.fact.values[i])
            says, frames = self._says(sign, i)
            if value == 0:
                says = f"unknown whether {says}"
            elif not frames and self.resets.numbered:
                frames = (int(self.frame[i]),)  # a fact about the reset itself, or one that it shows
            weight = cast("Weight", FOR.get(sign.word, "refutes"))
            found.append(Evidence(weight, HOLDS[value + 1], says, frames))
        return tuple(found)

    def _alternatives(self, i: int, k: int) -> tuple[Alternative, ...]:
        chances = self._weighed.probability[:, i]
        found: list[Alternative] = []
        for other in np.argsort(-chances).tolist():
            if len(found) == ALTERNATIVES or chances[other] < LEAST:
                break
            if other == k or self.ids[other] == "undetermined":
                continue
            against = _against(self._weighed.signs[other], i, fatal=False)
            why = self._says(against, i)[0] if against is not None else self._lacks(other, i)
            found.append(Alternative(self.ids[other], round(float(chances[other]), 4), why))
        return tuple(found)

    def _lacks(self, k: int, i: int) -> str:
        unknown = [s for s in self._weighed.signs[k] if s.word in {"needed", "decides"} and s.fact.values[i] == 0]
        if unknown:
            return f"the capture does not show whether {self._says(unknown[0], i)[0]}"
        return "nothing speaks against it, but less speaks for it"


def _against(signs: list[Sign], i: int, *, fatal: bool) -> Sign | None:
    """The strongest sign against a cause: one that rules it out, or, unless `fatal`, any."""
    for sign in signs:
        value = int(sign.fact.values[i])
        if (sign.word == "needed" and value < 0) or (sign.word == "excludes" and value > 0):
            return sign
    if fatal:
        return None
    for word, bad in (("refutes", 1), ("decides", -1), ("doubts", 1), ("supports", -1), ("hints", -1)):
        for sign in signs:
            if sign.word == word and int(sign.fact.values[i]) == bad:
                return sign
    return None


def _three(value: int) -> bool | None:
    return None if value == 0 else value > 0


def _tunnel(chain: int) -> str | None:
    """The encapsulations of `Seg.TUNNEL`, outermost first."""
    names = []
    while chain:
        names.append(Tunnel(chain & 0xF).name.lower())
        chain >>= 4
    return ">".join(reversed(names)) or None
