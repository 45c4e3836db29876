"""A process died, and its connections with it."""

from __future__ import annotations

from whyrst.incidents.kind import Kind, by_service

KIND = Kind(
    id="crash-burst",
    rank=11,
    causes=frozenset({"process-crash"}),
    key=by_service,
    least=2,
    title="{service} died",
    says="{count} connections to {service} ended at the same moment, and the service did not come back.",
)
