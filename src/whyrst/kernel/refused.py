"""Why the kernel refused a BPF program, as far as it says."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BEGIN, END = "-- BEGIN PROG LOAD LOG --", "-- END PROG LOAD LOG --"
UNCOUNTED = (5, 11)
"""Since then BPF's memory counts as the control group's, before as locked (RLIMIT_MEMLOCK)."""


def reason(said: Iterable[str]) -> str:
    """Why a program was refused: the last line of the kernel's log before its statistics; empty without a log.

    >>> reason(["-- BEGIN PROG LOAD LOG --", "R1 invalid mem access 'scalar'", "processed 9 insns (limit 1000000)"])
    "R1 invalid mem access 'scalar'"
    """
    lines = [line.strip() for line in said]
    ends = [at for at, line in enumerate(lines) if line.startswith(("processed ", END))]
    before = lines[: ends[0]] if ends else []
    return before[-1] if before and BEGIN not in before[-1] else ""


def counted_memory(error: int, release: str | None = None) -> str:
    """What may be behind a missing permission on kernels that count BPF's memory as locked; empty otherwise.

    Args:
        error: errno.
        release: of the kernel, as uname -r tells; this one if None.
    """
    numbers = re.match(r"(\d+)\.(\d+)", os.uname().release if release is None else release)
    old = numbers is not None and (int(numbers[1]), int(numbers[2])) < UNCOUNTED
    return "the limit of locked memory may be too low (ulimit -l)" if old and error == errno.EPERM else ""
