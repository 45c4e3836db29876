"""The manual of one cause, found by the names people meet: id, kernel reason, counter, RFC, function."""

from __future__ import annotations

import re
from difflib import get_close_matches
from textwrap import dedent
from typing import TYPE_CHECKING

from whyrst.reports.amounts import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from whyrst.causes import Cause
    from whyrst.reports.page import Page

_PREFIXES = ("sk_rst_reason_", "skb_drop_reason_", "tcpext", "mptcpext", "ipext", "linux_mib_")
"""What the kernel and nstat write before a name."""

_RFC = re.compile(r"(?:rfc\s*-?)?(\d{3,5})(?:\D+([\d.]+\d|\d))?$")


def find(causes: Mapping[str, Cause], wanted: str) -> list[Cause]:
    """The causes that a name stands for: exact names first, then RFC clauses, then kernel functions."""
    name = _plain(wanted)
    for cause in causes.values():
        if cause.id == name:
            return [cause]
    exact = [cause for cause in causes.values() if name in {_plain(one) for one in _names(cause)}]
    if exact:
        return exact
    if rfc := _RFC.fullmatch(wanted.strip().lower()):
        return [cause for cause in causes.values() if any(_clause(text, rfc) for text in cause.rfc)]
    if re.fullmatch(r"\w{4,}(\(\))?", name):
        word = re.compile(rf"\b{re.escape(name.removesuffix('()'))}\b", re.IGNORECASE)
        return [cause for cause in causes.values() if any(word.search(text) for text in cause.kernel)]
    return []


def near(causes: Mapping[str, Cause], wanted: str) -> list[str]:
    """Names that look like one that was not found."""
    names = {_plain(name): name for cause in causes.values() for name in (cause.id, *_names(cause))}
    return [names[one] for one in get_close_matches(_plain(wanted), names, n=4, cutoff=0.6)]


def manual(page: Page, cause: Cause) -> None:
    """Write the manual and where the behaviour is written down."""
    page.line(("bold", cause.id))
    for block in re.split(r"\n\s*\n", dedent(cause.doc).strip()):
        if block:
            _block(page, block)
    page.title("References")
    page.field("rule", listing(cause.rfc) or "no RFC clause asks for it")
    if cause.kernel:
        page.field("kernel", cause.kernel)
    if cause.reasons:
        page.field("reason", listing(cause.reasons))
    if cause.counter:
        page.field("counter", cause.counter)
    if cause.to_be_sure:
        page.field("be sure", cause.to_be_sure)
    if cause.lab or cause.no_lab:
        page.field("lab", cause.lab or f"none: {cause.no_lab}")
    page.field("since", str(cause.since))


def table(page: Page, causes: Iterable[Cause]) -> None:
    """Write one line per cause."""
    rows = list(causes)
    width = max([len(one.id) for one in rows], default=0)
    for one in rows:
        page.text(one.title, indent=width + 2, first=one.id)


def _block(page: Page, block: str) -> None:
    """A paragraph, a heading, a list or an indented example of a manual."""
    lines = block.splitlines()
    if lines[0].startswith("#"):
        page.title(lines[0].lstrip("# "))
        lines = lines[1:]
        if not lines:
            return
    elif not lines[0].startswith(" "):
        page.blank()
    if lines[0].startswith("    "):
        for line in lines:
            page.line(line)
        return
    for item in _items(lines):
        bullet = item.startswith("- ")
        page.text(item[2:] if bullet else item, indent=4 if bullet else 2, first="  -" if bullet else "")


def _items(lines: list[str]) -> Iterator[str]:
    """Lines joined to paragraphs, a new one at each bullet."""
    gathered: list[str] = []
    for line in lines:
        text = line.strip()
        if text.startswith(("- ", "* ")) and gathered:
            yield " ".join(gathered)
            gathered = []
        gathered.append(f"- {text[2:]}" if text.startswith("* ") else text)
    if gathered:
        yield " ".join(gathered)


def _names(cause: Cause) -> list[str]:
    return [*cause.reasons, *re.findall(r"\w+", cause.counter or "")]


def _plain(name: str) -> str:
    plain = name.strip().lower()
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix)
    return plain


def _clause(text: str, wanted: re.Match[str]) -> bool:
    """Whether a reference such as `RFC 9293 section 3.10.7.1` is of that RFC, and of that section or below it."""
    number, section = wanted.groups()
    if not re.search(rf"\b{number}\b", text):
        return False
    return not section or bool(re.search(rf"(?<![\d.]){re.escape(section)}(?!\d)", text.replace(number, "", 1)))
