"""A host lost its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.incidents.kind import Kind

if TYPE_CHECKING:
    from whyrst.resets.facts import Column
    from whyrst.verdicts.judged import Judged


def by_host(judged: Judged) -> Column:
    """Connections to one address, whatever the port."""
    return judged.resets.neighbours.host_key


KIND = Kind(
    id="host-restart",
    rank=31,
    causes=frozenset({"host-restart"}),
    key=by_host,
    least=2,
    title="{host} lost its connections",
    says="{count} connections of {host}, on any port, were unknown to it: it restarted, or another took its address.",
)
