"""What an output is: something that takes records in order and says when they are safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.agent.place import Place
    from whyrst.agent.record import Record


class Away(Exception):  # noqa: N818 - no error: the receiver is away
    """The receiver cannot take records now; the message says why.

    Args:
        why: for people.
        wait: seconds that the receiver wants to be left alone; 0 when it said nothing.
    """

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.wait = wait


class Sent(NamedTuple):
    """What became of a batch that need not be sent again."""

    place: Place
    """Where to go on."""
    refused: int = 0
    """Records that the receiver will never take."""
    why: str = ""
    """What it said to that."""


class Output(Protocol):
    """Delivers records. All methods are called from one thread."""

    def open(self, place: Place) -> Place:
        """Reach the receiver, also again after `Away`.

        Args:
            place: as it was noted last.

        Returns:
            Where to go on: further than noted if the receiver knows more.

        Raises:
            Away: it cannot be reached.
        """

    def send(self, records: Sequence[Record]) -> Sent:
        """Deliver records, all of them, and come back when the receiver keeps them.

        Raises:
            Away: it does not; the same records will come again.
        """

    def close(self) -> None:
        """No more come."""
