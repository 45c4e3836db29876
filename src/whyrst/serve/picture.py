"""The ladder of one reset, from its captures: what the drawing process does."""

from __future__ import annotations

from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import structs

import whyrst
from whyrst.reports.conversation import collect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.model import Verdict

WIDTH = 100


class NoResetError(Exception):
    """There are not so many."""


def ladder(paths: list[str], labels: list[str], number: int, form: str) -> bytes:
    """The ladder of a reset as `svg` or `text`; several paths are compared.

    Args:
        paths: captures.
        labels: what to call them.
        number: of the reset, from 1.
        form: `svg` or `text`.

    Raises:
        NoResetError: there is no such reset.
    """
    if len(paths) > 1:
        return _of_several(paths, labels, number, form)
    report = whyrst.analyze(paths)
    verdict = _nth(report.verdicts, number)
    (conversation,) = collect([verdict], report.reread()).values()
    if form == "svg":
        from whyrst.reports.svg.ladder import draw

        return draw(conversation).encode()
    from whyrst.causes import all_causes
    from whyrst.reports.page import Page
    from whyrst.reports.single import single

    out = BytesIO()
    verdict = structs.replace(verdict, capture=labels[0])
    single(Page(out, WIDTH, color=False), verdict, all_causes().get(verdict.cause), conversation)
    return out.getvalue()


def _of_several(paths: list[str], labels: list[str], number: int, form: str) -> bytes:
    comparison = whyrst.compare(paths)
    verdict = _nth(comparison.verdicts, number)
    passages = comparison.passages(verdict)
    names = dict(zip(paths, labels, strict=True))
    if form == "svg":
        from whyrst.reports.svg.passages import side_by_side

        places = [(place.place, names[place.capture]) for place in comparison.places]
        return side_by_side(verdict.connection, places, passages).encode()
    from whyrst.reports.vantages import vantages

    lines = vantages([place.place for place in comparison.places], passages, WIDTH)
    return "".join(f"{line}\n" for line in lines).encode()


def _nth(verdicts: Iterator[Verdict], number: int) -> Verdict:
    found = next(islice(verdicts, number - 1, None), None)
    if found is None:
        raise NoResetError(f"there is no reset {number}")
    return found
