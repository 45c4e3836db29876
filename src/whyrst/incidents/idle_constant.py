"""Silences before resets pile up at one known constant: a device's idle timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.incidents.kind import Kind

if TYPE_CHECKING:
    from whyrst.resets.facts import Column
    from whyrst.verdicts.judged import Judged


def by_constant(judged: Judged) -> Column:
    """Connections whose silence fits the same constant (`resets.constants.NETWORK`)."""
    silences = judged.resets.silences
    wait = np.maximum(silences.idle, silences.before)
    return silences.network_constant(wait) + 1


KIND = Kind(
    id="idle-constant",
    rank=15,
    causes=frozenset({"idle-timeout"}),
    key=by_constant,
    least=2,
    title="idle connections are dropped after {idle}",
    says="{count} connections were reset after the same silence ({idle_constant}).",
)
