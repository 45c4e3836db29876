"""A service refuses everyone."""

from __future__ import annotations

from whyrst.incidents.kind import Kind, by_service

KIND = Kind(
    id="refusals",
    rank=30,
    causes=frozenset({"port-closed", "no-healthy-backend", "firewall-reject"}),
    key=by_service,
    least=3,
    title="{service} refuses connections",
    says="{count} connections to {service} were refused.",
)
