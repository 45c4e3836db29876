"""What the page says about one verdict, field by field: the one description that both the page and its script show."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from whyrst.reports import about
from whyrst.reports.amounts import listing
from whyrst.reports.card import MECHANISM_WORDS, others
from whyrst.reports.ladder import frames_filter, stream_filter
from whyrst.reports.numbering import trace
from whyrst.reports.origin import origin_lines

if TYPE_CHECKING:
    from whyrst.causes import Cause
    from whyrst.model import Verdict


class Item(NamedTuple):
    """One line of a field."""

    says: str
    mark: str = ""
    """`+` for the cause, `-` against it, `?` not known."""
    number: int = 0
    """Its mark in the ladder."""


class Field(NamedTuple):
    """A label and what stands beside it."""

    label: str
    items: list[Item]


def fields(verdict: Verdict, cause: Cause | None, names: tuple[str, ...] = ()) -> list[Field]:
    """Everything about one verdict, by the four steps of the method.

    Args:
        verdict: what was found.
        cause: its cause's manual, for the title.
        names: the captures as the user named them, for commands.
    """
    source = list(verdict.references.source)
    if verdict.references.counter:
        source.append(f"counter {verdict.references.counter}")
    mechanism = verdict.reset.mechanism
    found = [
        ("what", [cause.title] if cause is not None else []),
        ("reset", [about.reset(verdict)]),
        ("connection", [about.connection(verdict).removeprefix("connection").lstrip(", "), about.ends(verdict)]),
        ("where", origin_lines(verdict.origin) if verdict.origin is not None else []),
        ("harm", [verdict.harm.says]),
        ("1 type", [f"{mechanism}: {MECHANISM_WORDS[mechanism]}"]),
        ("3 reference", [listing(verdict.references.rfc) or "no RFC clause asks for it"]),
        ("4 source", source or ["no kernel function: it comes from elsewhere"]),
        ("kernel", about.kernel(verdict)),
        ("rather not", others(verdict)),
        ("fix", [verdict.fix]),
        ("to be sure", [verdict.to_be_sure]),
        ("look further", _further(verdict, names)),
    ]
    plain = [Field(label, [Item(one) for one in texts if one not in {"", "-"}]) for label, texts in found]
    facts = [Item(one.says, one.mark, one.number) for one in trace(verdict)]
    before = [one.label for one in plain].index("3 reference")
    plain.insert(before, Field("2 trace", facts or [Item("nothing in the capture tells")]))
    return [one for one in plain if one.items]


def _further(verdict: Verdict, names: tuple[str, ...]) -> list[str]:
    """The command that draws its ladder, and Wireshark's display filter."""
    name = names[0] if len(names) == 1 else verdict.capture
    wireshark = f"{stream_filter(verdict.connection.tcp_stream)} && {frames_filter(_frames(verdict))}"
    if name == "-":
        return [wireshark]
    return [f"whyrst show {quote(name)} --frame {verdict.frame}", wireshark]


def _frames(verdict: Verdict) -> list[int]:
    return [verdict.frame, *(frame for fact in trace(verdict) for frame in fact.frames)]
