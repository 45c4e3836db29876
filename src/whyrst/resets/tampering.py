"""Stage and signature of connection tampering, after Sundara Raman et al., "Global, Passive Detection of Connection
Tampering" (SIGCOMM 2023).

They look at what a server receives from a client: how far the connection came when a reset cut it, and which resets
came. A signature alone is no proof: scanners, happy eyeballs and impatient users leave some of them, too.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Dir, Rst

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

POST_SYN, POST_ACK, POST_PSH, LATER = range(4)
STAGES = ("post-syn", "post-ack", "post-psh", "later")
PACKETS_WATCHED = 10
"""The paper's view: the first ten packets of the client."""


class Tampering:
    """Stages and signatures for the resets of a batch."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    @cached_property
    def stage(self) -> Column:
        """POST_SYN, POST_ACK, POST_PSH or LATER, by the client's segments before the reset."""
        data = self._r.client(Dir.SEGMENTS)
        packets = self._r.client(Dir.PACKETS)
        only_syn = packets <= self._r.client(Dir.SYNS)
        return np.where(only_syn, POST_SYN, np.where(data == 0, POST_ACK, np.where(data == 1, POST_PSH, LATER))).astype(
            np.int64
        )

    @cached_property
    def _applies(self) -> Mask:
        early = self._r.client(Dir.PACKETS) <= PACKETS_WATCHED
        return early & self._r.by_client & (self._r.client(Dir.SYNS) > 0) & ~self._r.progress.sender_fin

    def signature(self, i: int) -> str | None:
        """The signature that reset i completes, or None when the client's direction shows none."""
        if not self._applies[i]:
            return None
        stage = int(self.stage[i])
        head = ("SYN", "SYN;ACK", "PSH+ACK", "PSH+ACK;Data")[stage]
        first = self._name(i)
        more = int(self._r.own(Rst.RSTS_AFTER)[i]) if self._r.aftermath.burst_after[i] else 0
        if more == 0 or stage == LATER:
            return f"{head}->{first}"
        if first == "RST+ACK":
            return f"{head}->RST+ACK;RST+ACK"
        if stage == POST_PSH:
            return f"{head}->RST{'=' if self._r.own(Rst.RST_STEP)[i] == 0 else '!='}RST"
        return f"{head}->RST;RST"

    def _name(self, i: int) -> str:
        if self._r.shape.has_ack[i]:
            return "RST+ACK"
        return "RST0" if int(self._r.seg(Seg.ACK)[i]) == 0 and self._r.progress.sender_reset_before[i] else "RST"
