"""The pages about causes: one for each cause file, and the list of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whyrst.causes import all_causes

if TYPE_CHECKING:
    from whyrst.causes import Cause

RFC = re.compile(r"^RFC (\d+)(?: section ([\d.]+\d|\d))?")
KERNEL = "https://github.com/torvalds/linux/blob/master/"
MECHANISMS = (
    "Active: a socket aborted itself. Passive: a stack answered a segment it could not take. Firewall: a device or "
    "rule answered. Forged: a third party wrote it."
)
SOURCE = "../../src/whyrst/causes/"


def cause_pages() -> dict[str, str]:
    """Page by name (without suffix): the causes' ids, and "index"."""
    causes = all_causes()
    made = {cause.id: _page(cause, set(causes)) for cause in causes.values()}
    return made | {"index": _index(list(causes.values()))}


def _page(cause: Cause, known: set[str]) -> str:
    """One cause: its manual and where the behaviour is written down."""
    title, _, manual = cause.manual.partition("\n")
    marks = [f"`{cause.id}`", cause.type.replace("|", " or ")]
    if cause.benign:
        marks.append("benign")
    if not cause.wire:
        marks.append("only the kernel can show it; a capture names it as an alternative")
    lines = [f"# {title.rstrip('.')}", "", " · ".join(marks), "", _linked(manual.strip(), known - {cause.id})]
    lines += ["", "## To be sure", "", cause.to_be_sure, "", "## References", ""]
    lines += [f"- {_rfc(one)}" for one in cause.rfc]
    lines += [f"- Linux, {_kernel(one)}" for one in cause.kernel]
    if cause.reasons:
        lines.append(f"- Kernel reset reason: {', '.join(f'`{one}`' for one in cause.reasons)}")
    if cause.counter:
        lines.append(f"- Kernel counter: {cause.counter}")
    lines.append(f"- Lab scenario: `{cause.lab}`" if cause.lab else f"- No lab scenario: {cause.no_lab}")
    file = cause.id.replace("-", "_") + ".py"
    lines += ["", f"Known since version {cause.since}. Source: [{file}]({SOURCE}{file}).", ""]
    return "\n".join(lines)


def _index(causes: list[Cause]) -> str:
    """The list of all causes."""
    lines = ["# Causes", "", "What whyrst can tell apart. Each page is the manual that `whyrst explain` prints.", ""]
    lines += ["| cause | what happened | comes about | shown by |", "|---|---|---|---|"]
    for cause in sorted(causes, key=lambda one: one.id):
        shown = "capture or kernel" if cause.wire else "kernel only"
        title = cause.title + (" (benign)" if cause.benign else "")
        lines.append(
            f"| [`{cause.id}`]({cause.id}.md) | {_cell(title)} | {cause.type.replace('|', ' or ')} | {shown} |"
        )
    lines += [
        "",
        MECHANISMS,
        "",
        "```{toctree}",
        ":hidden:",
        ":glob:",
        "",
        "*",
        "```",
        "",
    ]
    return "\n".join(lines)


def _linked(text: str, known: set[str]) -> str:
    """The text with the ids of other causes made links."""
    return re.sub(r"`([a-z0-9-]+)`", lambda m: f"[`{m[1]}`]({m[1]}.md)" if m[1] in known else m[0], text)


def _rfc(text: str) -> str:
    """A link to the clause that a reference names."""
    found = RFC.match(text)
    if not found:
        return text
    number, section = found.groups()
    link = f"https://www.rfc-editor.org/rfc/rfc{number}" + (f"#section-{section}" if section else "")
    return f"[{found[0]}]({link}){text[found.end() :]}"


def _kernel(text: str) -> str:
    """A link to the file that a reference names, with the function behind it."""
    file, colon, rest = text.partition(":")
    if not colon or "/" not in file or " " in file:
        return text
    return f"[{file}]({KERNEL}{file}):{rest}"


def _cell(text: str) -> str:
    """Text that may stand in a table."""
    return text.replace("|", "\\|")
