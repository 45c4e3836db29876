"""What a report is made from: judged resets in batches, and what is known when all are read.

Reports need no more of the engine than this, so that any source of verdicts (a capture, several, the live
kernel) can be shown in every format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from whyrst.model import Confidence, HarmLevel, Incident, Mechanism, Quality, Verdict
    from whyrst.segments.read import Series

CONFIDENCES: tuple[Confidence, ...] = ("undetermined", "possible", "likely", "certain")
"""Names of the codes in `Judged.confidence`."""

MECHANISMS: tuple[Mechanism, ...] = ("unknown", "active", "passive", "firewall", "forged")
"""Names of the codes in `Judged.mechanism`."""

HARMS: tuple[HarmLevel, ...] = ("none", "refused", "aborted", "data-lost", "unknown")
"""Names of the codes in `Judged.harm`."""

WORST_FIRST: tuple[HarmLevel, ...] = ("data-lost", "aborted", "refused", "unknown", "none")
"""The order in which harm is shown."""


class Judged(Protocol):
    """One batch of judged resets, as columns of equal length."""

    @property
    def ids(self) -> Sequence[str]:
        """Cause ids; `cause` counts in it."""

    @property
    def cause(self) -> NDArray[np.integer]:
        """The cause, as an index into `ids`."""

    @property
    def confidence(self) -> NDArray[np.integer]:
        """Index into `CONFIDENCES`."""

    @property
    def probability(self) -> NDArray[np.floating]:
        """Of the cause, 0..1."""

    @property
    def mechanism(self) -> NDArray[np.integer]:
        """Index into `MECHANISMS`."""

    @property
    def harm(self) -> NDArray[np.integer]:
        """Index into `HARMS`."""

    @property
    def echo(self) -> NDArray[np.bool]:
        """A further reset of the same connection."""

    @property
    def sender_side(self) -> NDArray[np.integer]:
        """0 when the client's address is the source, 1 for the server's."""

    @property
    def client_key(self) -> NDArray[np.int64]:
        """Hash of the client's address."""

    @property
    def server_key(self) -> NDArray[np.int64]:
        """Hash of the server's address and port."""

    @property
    def time(self) -> NDArray[np.int64]:
        """Nanoseconds since 1970."""

    @property
    def frame(self) -> NDArray[np.int64]:
        """Number of the reset in its capture."""

    @property
    def incident(self) -> Sequence[str | None]:
        """Id of the incident that each belongs to."""

    def __len__(self) -> int:
        """Resets in this batch."""

    def community_id(self, row: int, /) -> str:
        """Community ID of the connection of one of them."""

    def verdict(self, row: int, /) -> Verdict:
        """Everything about one of them; slow, so only for what is shown."""

    def ruled_out(self, row: int, /) -> list[tuple[str, str]]:
        """Causes that are impossible for one of them, each with the fact that says so."""


class Source(Protocol):
    """Judged resets that can be read once, then the findings about all of them."""

    def batches(self) -> Iterator[Judged]:
        """Resets in the order of the capture; each batch may be forgotten before the next."""

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Known when all batches were read."""

    @property
    def quality(self) -> Quality:
        """Known when all batches were read."""


@runtime_checkable
class Rereadable(Protocol):
    """A source whose segments can be read a second time, for the ladders of a few connections."""

    def reread(self) -> Iterator[Series]:
        """The same captures, with the same filter; nothing where one of them can be read once only."""
