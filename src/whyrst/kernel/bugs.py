"""Known bugs of Linux that make it reset connections, and the versions that have them.

A distribution's kernel keeps its number and takes single repairs over, so that a number says what is likely, never what
is sure.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Bug(NamedTuple):
    """One bug.

    Attributes:
        cause: id of the cause that it makes.
        what: what goes wrong.
        since: first mainline version that has it.
        fixed: mainline version without it.
        commit: that repaired it there.
        stable: of some long-term lines, a release that is known to have the repair.
    """

    cause: str
    what: str
    since: tuple[int, int]
    fixed: tuple[int, int]
    commit: str
    stable: dict[tuple[int, int], int]


EHASH_RACE = Bug(
    "kernel-handshake-race",
    "a lookup misses a socket that is being replaced by its successor",
    (4, 4),
    (6, 19),
    "1532ed0d0753",
    {(5, 10): 248, (6, 12): 107},
)
"""net/ipv4/inet_hashtables.c, inet_ehash_insert. 5.10.223 and, in part, 6.1.192 are known to have it."""
EARLY_DEMUX = Bug(
    "kernel-early-demux-nat",
    "early demux picks another connection's socket before the address is translated back",
    (3, 6),
    (6, 6),
    "e27c3295114b",
    {},
)
"""net/netfilter/nf_nat_core.c. The case without a clash of ports was repaired in 5.12 (03a3ca37e4c6)."""


def version(release: str) -> tuple[int, int, int] | None:
    """Numbers of `uname -r`; None when it has none."""
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", release)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def may_have(bug: Bug, release: str) -> bool:
    """Whether a kernel may have a bug, by its number."""
    numbers = version(release)
    if numbers is None:
        return True
    line, patch = numbers[:2], numbers[2]
    repaired = line in bug.stable and patch >= bug.stable[line]
    return bug.since <= line < bug.fixed and not repaired


def says(bug: Bug, release: str) -> str:
    """What a verdict says about a bug on a kernel."""
    fixed = f"repaired in Linux {bug.fixed[0]}.{bug.fixed[1]} (commit {bug.commit})"
    if may_have(bug, release):
        return f"Linux {release} has the bug that was {fixed}, unless your distribution back-ported the repair"
    return f"by its number, Linux {release} should not have the bug that was {fixed}"
