"""Whether captures belong together: strangers, copies of one, and empty ones cannot be compared."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whyrst.compare.place import CompareError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whyrst.compare.clocks import Shared
    from whyrst.compare.conversations import Conversations
    from whyrst.compare.pairing import Pairs
    from whyrst.compare.survey import Survey


def belong(paths: Sequence[str], surveys: Sequence[Survey], tables: Sequence[Conversations],
           pairs: Mapping[tuple[int, int], Pairs], common: Mapping[tuple[int, int], Shared]) -> None:  # fmt: skip
    """Refuse captures that have nothing to do with each other, and copies of one.

    Raises:
        CompareError: there are such.
    """
    for c, survey in enumerate(surveys):
        if survey.segments == 0:
            raise CompareError(f"{paths[c]} holds no TCP segment, so nothing can be compared with it")
    for (a, b), found in common.items():
        alike = len(found.left) and (found.left == found.right).all() and (found.hops == 0).all()
        if os.path.samefile(paths[a], paths[b]) or (alike and surveys[a].segments == surveys[b].segments):  # noqa: PTH121
            raise CompareError(f"{paths[a]} and {paths[b]} are the same capture: equal segments at equal times")
    reached = {0}
    while True:
        more = {
            y for a, b in pairs for x, y in ((a, b), (b, a)) if x in reached and _tied(surveys, tables, pairs, a, b)
        }
        if more <= reached:
            break
        reached |= more
    for c in range(len(paths)):
        if c not in reached:
            one, other = paths[0], paths[c]
            counts = f"{len(tables[0]):,} and {len(tables[c]):,} connections"
            raise CompareError(
                f"{one} and {other} do not belong together: of {counts} none is the same by addresses and ports, "
                "initial sequence numbers, timestamps, single segments or first words, and the same hosts do not stand "
                "in both at the same time"
            )


def _tied(surveys: Sequence[Survey], tables: Sequence[Conversations], pairs: Mapping[tuple[int, int], Pairs],
          a: int, b: int) -> bool:  # fmt: skip
    """They share a connection, or at least a client and a server, and were taken at the same time."""
    if len(pairs[a, b].left):
        return True
    one, two = surveys[a].capture, surveys[b].capture
    if one is None or two is None or (one.latest or 0) < (two.earliest or 0) or (two.latest or 0) < (one.earliest or 0):
        return False
    hosts = [[{(int(h), int(lo)) for h, lo in t.address[end, :2].T.tolist()} for end in (0, 1)] for t in
             (tables[a], tables[b])]  # fmt: skip
    return all(hosts[0][end] & hosts[1][end] for end in (0, 1))
