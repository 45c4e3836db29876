"""The nouns of a comparison: where captures were taken, and which connections are the same."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

How = Literal["same", "translated", "shifted", "translated, shifted", "proxied"]
"""What happened to a connection between two places: nothing; addresses or ports were translated; its sequence numbers
were shifted by a constant in each direction; a proxy stands between, so that there are two connections."""


class CompareError(Exception):
    """The captures cannot be compared; the message says which and what was tried."""


class Place(Struct, frozen=True):
    """Where one of the captures was taken, and its clock.

    Attributes:
        capture: the file.
        place: "client", "server" or "between"; "between-1", "between-2" ... from the client on when there are several.
        offset: nanoseconds to add to its times to get those of the common clock, which is the first capture's; None
            when nothing tells.
        drift: how much its clock gains on the common one, in millionths (ppm).
        uncertainty: nanoseconds by which the offset may be wrong in either direction; None when only one direction
            bounds it, or nothing.
    """

    capture: str
    place: str
    offset: int | None = None
    drift: float = 0.0
    uncertainty: int | None = None


class View(Struct, frozen=True):
    """One connection as one capture shows it: client and server as ip:port, its first packet's time (ns, own clock)."""

    capture: str
    client: str
    server: str
    start: int


class Pair(Struct, frozen=True):
    """One connection in several captures.

    Attributes:
        views: one per capture that shows it, in the order of the path.
        how: what happened on the way; the strongest, when there are more than two places.
    """

    views: tuple[View, ...]
    how: How
