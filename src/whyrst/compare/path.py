"""The order of captures along the path, and what each place is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whyrst.compare.events import Event
from whyrst.compare.place import CompareError
from whyrst.fast.layout import Flag
from whyrst.resets.facts import one_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from whyrst.compare.survey import Survey

    Cells = np.ndarray[Any, np.dtype[np.int64]]

STARTS = (32, 60, 64, 128, 255)
"""Initial TTLs in use."""
PLACES = ("client", "between", "server")


def order(nearer: Mapping[tuple[int, int], int], n: int, fixed: Mapping[int, str]) -> list[int]:
    """Captures from the client to the server.

    Args:
        nearer: (a, b) -> 1 when a is nearer to the client, -1 when b is, 0 when not known.
        n: captures.
        fixed: places that the user named.
    """
    lead = dict.fromkeys(range(n), 0)
    for (a, b), sign in nearer.items():
        lead[a] += sign
        lead[b] -= sign
    # Of what nothing is known the order of the arguments is the best guess.
    for c in range(1, n):
        if not any(c in pair and sign for pair, sign in nearer.items()):
            lead[c] = lead[c - 1]
    return sorted(range(n), key=lambda c: (PLACES.index(fixed.get(c, "between")), -lead[c], c))


def places(path: Sequence[int], surveys: Sequence[Survey], fixed: Mapping[int, str]) -> list[str]:
    """What each capture's place is called: the ends when a capture was taken there, else between."""
    names = dict.fromkeys(path, "between")
    if at_end(surveys[path[0]], client=True):
        names[path[0]] = "client"
    if len(path) > 1 and at_end(surveys[path[-1]], client=False):
        names[path[-1]] = "server"
    names.update(fixed)
    for end in ("client", "server"):
        if list(names.values()).count(end) > 1:
            raise CompareError(f"two captures cannot both be the {end}'s")
    middle = [c for c in path if names[c] == "between"]
    if len(middle) > 1:
        names.update({c: f"between-{k}" for k, c in enumerate(middle, 1)})
    return [names[c] for c in range(len(path))]


def at_end(survey: Survey, *, client: bool) -> bool:
    """Whether a capture was taken at that end: most of what comes from there has a TTL that no router has lowered."""
    opened = survey.opened
    syn = (opened[Event.FLAGS] & Flag.ACK) == 0
    rows = opened.take(syn if client else ~syn)
    if len(rows) == 0:
        samples = survey.samples
        higher = samples[Event.SPORT] > samples[Event.DPORT]
        rows = samples.take(higher if client else ~higher)
    return bool(len(rows)) and bool(one_of(rows[Event.TTL], STARTS).mean() > 0.5)  # noqa: PLR2004 - most
