"""Check that every cause is complete, as a reader and the other causes expect it.

A cause needs the fixed headings of its manual in order with text below each, an RFC clause or kernel function, a lab
scenario's name or the reason for none, look-alikes that exist, name it in turn and stand in its manual, and, when a
capture can show it, a golden case that yields it. Ids are never given up or used again: the list below only grows.

    python tools/check_causes.py        prints what is missing; exit status 1 when something is
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from whyrst.causes import all_causes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from whyrst.causes import Cause

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"

HEADINGS = ("What happened", "How to be sure", "Easily confused with", "Fix")
TYPES = frozenset({"active", "passive", "firewall", "forged"})
NO_EVIDENCE = "undetermined"
"""The verdict that needs no evidence, so that nothing looks like it and no scenario makes it."""

IDS = frozenset({
    "port-closed", "server-restart", "firewall-reject", "no-healthy-backend", "accept-queue-abort",
    "accept-queue-half-open", "listener-closed", "late-syn-ack", "port-scan", "race-loser", "health-check",
    "unsolicited-syn-ack", "bad-handshake-ack", "time-wait-reuse", "stale-connection", "syn-proxy",
    "kernel-handshake-race", "kernel-early-demux-nat", "close-with-unread-data", "linger-zero", "application-abort",
    "socket-disconnect", "admin-kill", "process-crash", "data-after-close", "keep-alive-race",
    "tls-close-notify-after-close", "client-cancelled", "fin-wait2-expired", "host-restart", "keepalive-timeout",
    "retransmission-timeout", "user-timeout", "zero-window-giveup", "mtu-blackhole", "application-timeout",
    "idle-timeout", "conntrack-invalid", "asymmetric-route", "proxy-policy", "tls-rejected", "dpi-injection",
    "forged-reset", "blind-reset-attack", "mptcp-reset", "resource-limit", "linger2-abort", "connection-gone",
    "benign-teardown", "undetermined",
})  # fmt: skip
"""Every id that a report of some version may hold."""


def headings(cause: Cause) -> Iterator[str]:
    """What is wrong with the manual's headings."""
    found = re.findall(r"^## (.+)$", cause.manual, re.MULTILINE)
    if tuple(found) != HEADINGS:
        yield f"headings are {found}, not {list(HEADINGS)}"
    parts = re.split(r"^## .+$", cause.manual, flags=re.MULTILINE)
    if not parts[0].strip():
        yield "the manual has no first line"
    for title, text in zip(found, parts[1:], strict=False):
        if not text.strip():
            yield f'nothing stands below "{title}"'


def references(cause: Cause) -> Iterator[str]:
    """What is wrong with its references and its scenario."""
    if not cause.rfc and not cause.kernel:
        yield "no RFC clause and no kernel function"
    for clause in cause.rfc:
        if not re.match(r"(RFC \d+|draft-[a-z0-9-]+)( section [\d.]+| appendix [A-Z][\d.]*)?$", clause):
            yield f"not an RFC clause: {clause}"
    if cause.lab is None and not cause.no_lab:
        yield "no lab scenario, and no reason why there can be none"
    if cause.lab is not None and cause.no_lab:
        yield "a lab scenario, and yet a reason why there can be none"
    if cause.lab is not None and not re.fullmatch(r"[a-z][a-z0-9_]*", cause.lab):
        yield f"not a scenario's name: {cause.lab}"
    kinds = set(cause.type.split("|"))
    if not kinds <= TYPES and cause.id != NO_EVIDENCE:
        yield f"unknown type {cause.type}"


def look_alikes(cause: Cause, causes: Mapping[str, Cause]) -> Iterator[str]:
    """What is wrong with its look-alikes: they must exist and name it in turn, and the manual must tell them apart."""
    confused = _section(cause.manual, "Easily confused with")
    for other in cause.look_alikes:
        if other not in causes:
            yield f"look-alike {other} does not exist"
        elif cause.id not in causes[other].look_alikes:
            yield f"{other} does not name it as a look-alike"
        if f"`{other}`" not in confused:
            yield f'"Easily confused with" does not name `{other}`'
    for name in re.findall(r"^- `([a-z0-9-]+)`:", confused, re.MULTILINE):
        if name not in cause.look_alikes:
            yield f'"Easily confused with" names `{name}`, which is not among its look-alikes'
    if len(set(cause.look_alikes)) < len(cause.look_alikes) or cause.id in cause.look_alikes:
        yield "a look-alike stands there twice, or is the cause itself"


def cases(cause: Cause, reached: Iterable[str]) -> Iterator[str]:
    """Whether a golden case yields it, if a capture can show it."""
    if cause.wire and cause.id not in reached:
        yield "no golden case yields it"


def reached_by(folder: Path = CASES) -> set[str]:
    """Causes that golden cases expect in the first place."""
    found = set()
    for path in folder.glob("*/expect.json"):
        found |= {row["cause"] for row in json.loads(path.read_text(encoding="utf-8"))}
    return found


def ids(causes: Mapping[str, Cause]) -> Iterator[str]:
    """What is wrong with the ids as a whole."""
    for lost in sorted(IDS - set(causes)):
        yield f"{lost}: the cause is gone, but reports may hold it"
    for new in sorted(set(causes) - IDS):
        yield f"{new}: add the id to IDS in tools/check_causes.py"
    for name in causes:
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
            yield f"{name}: not kebab-case"


def faults(causes: Mapping[str, Cause], reached: Iterable[str]) -> Iterator[str]:
    """Everything that is missing, one sentence each.

    Args:
        causes: causes by id.
        reached: ids that golden cases yield.
    """
    yield from ids(causes)
    for name, cause in causes.items():
        found = [*headings(cause), *references(cause), *look_alikes(cause, causes), *cases(cause, reached)]
        yield from (f"{name}: {fault}" for fault in found)
        for field in ("title", "fix", "to_be_sure"):
            if not getattr(cause, field).strip():
                yield f"{name}: {field} is empty"


def _section(manual: str, title: str) -> str:
    """The text below one heading."""
    found = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", manual, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def main() -> int:
    """Print what is missing.

    Returns:
        1 when something is, else 0.
    """
    found = list(faults(all_causes(), reached_by()))
    for fault in found:
        print(fault)
    print(f"{len(all_causes())} causes, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
