"""What a reset destroyed.

`refused`: a connection never came to be. `data-lost`: payload was sent and never acknowledged, or the reset kept an
answer from a peer that was owed one. `aborted`: the connection ended early, and whether anything was lost the
wire does not show (bytes acknowledged but never read are lost silently). `none`: everything had been delivered.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.tables import Conn
from whyrst.resets.progress import CLOSED

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

NONE, REFUSED, ABORTED, LOST, UNKNOWN = range(5)
HARMS = ("none", "refused", "aborted", "data-lost", "unknown")


class Harms:
    """Harm of the resets of a batch."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    @cached_property
    def bytes_lost(self) -> Column:
        """Payload bytes of both ends that were sent and never acknowledged, TLS's goodbye behind a close apart.

        Where the kernel told: those of its socket that were not acknowledged, not sent yet, or, when the socket aborted
        itself, received and never read.
        """
        progress, kernel = self._r.progress, self._r.kernel
        seen = progress.sender_unacked + np.where(self.only_farewell, 0, progress.peer_unacked)
        if kernel is None:
            return seen
        here = kernel.unacked + kernel.unsent + np.where(kernel.active, kernel.unread, 0)
        return np.where(kernel.numbered & (kernel.active | kernel.received), here, seen)

    @cached_property
    def only_farewell(self) -> Mask:
        """What the reset refused is one TLS alert, which carries nothing of a program (RFC 8446 section 6.1)."""
        trigger, progress = self._r.trigger, self._r.progress
        return trigger.stray_notify & progress.sender_fin & (progress.peer_unacked == trigger.stray_length)

    @cached_property
    def cut_short(self) -> Mask:
        """The peer had asked (sent payload last) and the connection ended before an answer."""
        progress = self._r.progress
        asked = progress.peer_bytes > 0
        last_was_peer = self._r.conn(Conn.DATA_SIDE) == np.where(self._r.by_client, 1, 0)
        return asked & last_was_peer & ~progress.sender_fin & ~progress.peer_fin & self._r.by_server

    @cached_property
    def code(self) -> Column:
        """NONE, REFUSED, ABORTED, LOST or UNKNOWN."""
        progress, after = self._r.progress, self._r.aftermath
        over = (progress.stage == CLOSED) | progress.quiet_close
        lost = (self.bytes_lost > 0) & ~after.survived.yes
        code = np.where(over, np.where(lost, LOST, NONE), ABORTED)
        finished = progress.sender_fin & progress.peer_fin
        quiet = (finished | (progress.peer_fin & progress.answered)) & (self.bytes_lost == 0)
        code = np.where(quiet | (self.only_farewell & (self.bytes_lost == 0)), NONE, code)
        code = np.where(lost, LOST, code)
        code = np.where(progress.answers_connect, REFUSED, code)
        handshake = ~progress.synchronized & ~progress.midstream & ~progress.answers_connect & progress.no_payload
        code = np.where(handshake, NONE, code)
        code = np.where(after.survived.yes, NONE, code)
        code = np.where(progress.sender_reset_before | progress.peer_reset_before, np.where(lost, LOST, NONE), code)
        unheard = progress.peer_silent & (progress.midstream | (progress.sender_bytes > 0))
        return np.where(unheard, UNKNOWN, code).astype(np.int64)

    def says(self, i: int) -> str:
        """The harm of reset i as a sentence."""
        compared = self._r.compared
        if compared is not None and compared.lost[i]:
            return (
                f"{self._told(i)} The reset was dropped on its way, so the other end still believes in the connection."
            )
        return self._told(i)

    def _told(self, i: int) -> str:
        code, lost = int(self.code[i]), int(self.bytes_lost[i])
        if code == REFUSED:
            return "The connection was refused; the client got an error at once."
        if code == NONE:
            nothing = (
                "TLS's goodbye came too late; nothing else was lost." if self.only_farewell[i] else "Nothing was lost."
            )
            return nothing if not self._r.aftermath.survived.yes[i] else "The connection lived on."
        if code == LOST:
            parts = self._r.kernel.losses(i) if self._r.kernel is not None else ""
            plain = f"{lost:,} bytes had been sent and not acknowledged; they did not arrive for sure."
            return f"Lost: {parts}." if parts else plain
        if code == UNKNOWN:
            return "The capture does not show what the connection had carried."
        if self.cut_short[i]:
            return "The client had asked and got no answer."
        return "The connection ended early; all bytes seen were acknowledged, but the program may not have read them."
