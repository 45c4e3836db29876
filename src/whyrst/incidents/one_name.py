"""Resets for one server name only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.fast.tables import Conn
from whyrst.incidents.kind import Kind

if TYPE_CHECKING:
    from whyrst.resets.facts import Column
    from whyrst.verdicts.judged import Judged


def by_name(judged: Judged) -> Column:
    """Connections that asked for one TLS server name or HTTP host."""
    return judged.resets.conn(Conn.NAME)


KIND = Kind(
    id="one-name",
    rank=33,
    causes=frozenset({"dpi-injection", "tls-rejected", "forged-reset"}),
    key=by_name,
    least=2,
    title="resets for {name}",
    says="{count} connections that asked for {name} were reset.",
)
