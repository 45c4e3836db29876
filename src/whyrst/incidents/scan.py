"""One source probes many services."""

from __future__ import annotations

from whyrst.incidents.kind import Kind, by_client

KIND = Kind(
    id="scan",
    rank=20,
    causes=frozenset({"port-scan"}),
    key=by_client,
    least=3,
    title="scan from {client}",
    says="{client} probed {count} services and dropped what answered.",
)
