"""What a trace ends with: counts by cause, process and peer, and the account of every reset."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from whyrst.reports.amounts import count, duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whyrst.kernel.counters import Check
    from whyrst.kernel.tracer import Total
    from whyrst.reports.page import Page
    from whyrst.trace.counts import Counts, Frequent

SHOWN = 10
"""Lines of a table."""
NUMBER = 9
KIND_WORDS = {
    "sent": "sent by the TCP stack",
    "received": "taken by a socket",
    "dropped": "arrived, not taken",
    "unseen": "left, not made by the TCP stack",
}


class Account(NamedTuple):
    """Where every reset went.

    Attributes:
        totals: by kind.
        checks: the probes against the kernel's counter OutRsts, by network namespace.
        notes: what else the user must know.
    """

    totals: Mapping[str, Total]
    checks: Mapping[int, Check] = MappingProxyType({})
    notes: Sequence[str] = ()


def summary(page: Page, counts: Counts, peers: Frequent, account: Account, seconds: float) -> None:
    """Write all of it."""
    shown = sum(number for _, number, _ in counts.by("kind"))
    guessed = any(guess for _, _, guess in counts.by("kind"))
    page.line(("bold", f"{'~' if guessed else ''}{count(shown, 'reset')} in {duration(seconds)}"))
    _table(page, "by cause", counts.by("cause"))
    _table(page, "by direction", [(KIND_WORDS.get(kind, kind), n, g) for kind, n, g in counts.by("kind")])
    _table(page, "by process", counts.by("process"))
    top = [(peer, number, peers.crowded) for peer, number in peers.top(SHOWN)]
    if sum(t.sampled + t.lost for t in account.totals.values()):
        _table(page, "by peer, of those handed over", top, more=len(peers) - len(top))
    else:
        _table(page, "by peer", top, more=len(peers) - len(top))
    if counts.unjudged:
        page.line(f"{counts.unjudged:>{NUMBER},}  not judged: counted by the kernel, none of their shape handed over")
    accounted(page, account)


def accounted(page: Page, account: Account) -> None:
    """What was seen was handed over, sampled out or lost; and the kernel's own counter beside it."""
    seen, delivered, sampled, lost = (sum(t[k] for t in account.totals.values()) for k in range(4))
    page.text(f"the probes saw {seen:,} = {delivered:,} handed over + {sampled:,} sampled out + {lost:,} lost")
    if account.checks:
        page.text(compared(account.checks.values()))
    for note in account.notes:
        page.text(f"note: {note}")


def missed(totals: Mapping[str, Total]) -> str:
    """What was not handed over, in a few words; empty when all was."""
    sampled, lost = (sum(t[k] for t in totals.values()) for k in (2, 3))
    return f"{sampled:,} sampled out, {lost:,} lost: these are counted, not shown" if sampled or lost else ""


def compared(checks: Iterable[Check]) -> str:
    """The probes against OutRsts, namespaces together.

    The counter is read before and after the probes are attached, so its rise lies between two numbers.
    """
    checks = list(checks)
    events, least, most = (
        sum(each) for each in zip(*((c.events, c.least - c.failed, c.most) for c in checks), strict=True)
    )
    rise = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    agree = "they agree" if all(c.missing == 0 for c in checks) else "they do not agree"
    return f"OutRsts rose by {rise} in {count(len(checks), 'namespace')}, the probes saw {events:,} sent: {agree}"


def _table(page: Page, title: str, rows: Sequence[tuple[str, int, bool]], more: int = 0) -> None:
    if not rows:
        return
    page.line(("label", f"  {title}"))
    for value, number, guess in rows[:SHOWN]:
        page.line(f"{('~' if guess else '') + f'{number:,}':>{NUMBER}}  {value}")
    hidden = more or len(rows) - SHOWN
    if hidden > 0:
        page.line(("dim", f"{'':>{NUMBER}}  and {hidden:,} more"))
