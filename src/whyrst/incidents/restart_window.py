"""A service went away and came back."""

from __future__ import annotations

from whyrst.incidents.kind import Kind, by_service

KIND = Kind(
    id="restart-window",
    rank=10,
    causes=frozenset({"server-restart"}),
    key=by_service,
    least=2,
    title="{service} restarted",
    says="{count} connections to {service} ended or were refused around a restart of the service.",
)
