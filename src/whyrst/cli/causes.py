"""Ids of causes as a user writes them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_causes(wanted: Sequence[str], besides: Sequence[str] = ()) -> None:
    """Let known ids pass.

    Args:
        wanted: as given.
        besides: words that are allowed, too.

    Raises:
        click.BadParameter: one is not known; the message names similar ones.
    """
    if all(one in besides for one in wanted):
        return
    from whyrst.causes import all_causes

    known = [*besides, *all_causes()]
    for one in wanted:
        if one not in known:
            similar = get_close_matches(one, known, n=3)
            hint = f"did you mean {', '.join(similar)}?" if similar else "see whyrst explain for all causes"
            raise click.BadParameter(f"no cause is named {one!r}; {hint}")
