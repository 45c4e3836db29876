"""One line for each reset: when, how sure, why, whose socket, and between which ends. The local end stands first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from whyrst.reports.brief import middle
from whyrst.trace.selection import SENT

if TYPE_CHECKING:
    from whyrst.kernel.event import KernelEvent
    from whyrst.model import Confidence
    from whyrst.reports.page import Page, Span

CLOCK = len("15:04:05")
SURE = len("possible")
CAUSE = 22
PROCESS = 13
LEAST = len(":65535 > [..]:443")
"""Columns for the ends; where fewer would be left, the process is not shown."""
FEWEST = 4
SECOND = 1_000_000_000
COLUMNS = ("time", "sure", "cause", "process", "local, remote")


def line(event: KernelEvent, cause: str, sure: Confidence, harm: str, width: int) -> list[Span]:
    """The pieces of one line.

    Args:
        event: what happened.
        cause: id.
        sure: how sure that is.
        harm: of the verdict; the style of the cause.
        width: columns; ends and process are shortened until they fit.
    """
    head = f"{clock(event.time)} {'' if sure == 'undetermined' else sure:<{SURE}} "
    who = f"{process(event, PROCESS):<{PROCESS}} "
    room = width - len(head) - max(len(cause), CAUSE) - 1
    if room - len(who) < LEAST:
        who = ""
    room -= len(who)
    return [("dim", head), (harm, f"{cause:<{CAUSE}} "), who, ends(event, room)]


def header(page: Page) -> None:
    """Names of the columns."""
    widths = (CLOCK, SURE, CAUSE, PROCESS, 0)
    page.line(("dim", " ".join(f"{name:<{wide}}" for name, wide in zip(COLUMNS, widths, strict=True))))


def stacks(page: Page, event: KernelEvent) -> None:
    """The functions of the kernel and of the process, innermost first, below a line."""
    for label, functions in (("kernel", event.stack), ("process", event.user_stack)):
        if functions:
            page.text(" < ".join(functions), indent=10, first=f"  {label}", style="dim")


def clock(time: int) -> str:
    """Time of day, UTC.

    >>> clock(1_790_000_000_000_000_000)
    '13:33:20'
    """
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%H:%M:%S")


def process(event: KernelEvent, room: int) -> str:
    """comm[pid] of the process whose socket it is, the name cut where there is no room; a dash when not known."""
    found = event.process
    if found is None:
        return "-"
    pid = f"[{found.pid}]"
    return f"{found.comm[: max(room - len(pid), 1)]}{pid}"


def ends(event: KernelEvent, room: int) -> str:
    """`local > remote` for a reset that was sent, `local < remote` for one that came.

    When room is short, the local address goes first, as the host's own; then the middle of the remote one.
    """
    if event.ends is None:
        return "?"
    local, remote = event.ends.local, event.ends.remote
    arrow = " > " if event.kind in SENT else " < "
    if len(local) + len(arrow) + len(remote) > room:
        local = f":{local.rsplit(':', 1)[1]}"
    return f"{local}{arrow}{middle(remote, max(room - len(local) - len(arrow), FEWEST))}"
