"""Whether a comparison says rightly where a reset was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whyrst.lab.truth import Truth
    from whyrst.model import Origin

POINTS = {"client": 1, "uplink": 2, "router": 4, "server": 5}
"""Captures in the order of the path; the router stands between its two interfaces."""
ENDS = {"client": 0, "server": 6}
MIDDLE = 3
"""The router, and other hosts that join the path there."""


class Claim(NamedTuple):
    """What was said, and whether it is right.

    Attributes:
        says: "client", "server" ..., "client-router" for what lies between two captures, or "unknown".
        right: whether that is where the reset was made, as narrow as the captures allow.
    """

    says: str
    right: bool


def claim(
    origin: Origin | None, truth: Truth, captures: Mapping[str, str], poor: str = "", *, excusable: bool = False
) -> Claim:
    """Compare what was said with the truth.

    Args:
        origin: of the verdict.
        truth: of that reset.
        captures: place -> name of the capture (one of `POINTS`), for all that were compared.
        poor: name of a capture that lacks packets; what only it could show need not be said.
        excusable: "unknown" is right, because the capture at the origin did not record this reset.
    """
    if origin is None or origin.kind == "unknown":
        # Nothing was captured beyond the router's third link.
        return Claim("unknown", excusable or truth.sender == truth.origin == "backend")
    if origin.kind == "end":
        place = captures.get(origin.places[0]) if origin.places else None
        near = bool(poor) or truth.origin not in ENDS or place in {None, truth.origin}
        return Claim(truth.sender, truth.sender == truth.origin and near)
    low, high = sorted(_at(place, captures) for place in origin.places)
    # A proxy on the router is an end of its connections: no capture behind it shows them.
    narrow = truth.sender == truth.origin or not any(
        low < POINTS[name] < high and name != poor for name in captures.values()
    )
    says = "-".join(captures.get(place, place) for place in origin.places)
    return Claim(says, low < _made(truth) < high and narrow)


def _at(place: str, captures: Mapping[str, str]) -> int:
    """Where on the path a place is: a capture, or an end that was not captured."""
    return POINTS[captures[place]] if place in captures else ENDS[place]


def _made(truth: Truth) -> int:
    """Where on the path between client and server the reset was made."""
    return ENDS.get(truth.origin, MIDDLE)
