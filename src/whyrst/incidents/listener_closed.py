"""A listening socket was closed with connections waiting."""

from __future__ import annotations

from whyrst.incidents.kind import Kind, by_service

KIND = Kind(
    id="listener-closed",
    rank=12,
    causes=frozenset({"listener-closed"}),
    key=by_service,
    least=2,
    title="{service} closed its listener",
    says="{count} connections that waited for accept() at {service} were reset at once.",
)
