"""Only large segments vanish on a path."""

from __future__ import annotations

from whyrst.incidents.kind import Kind, by_pair

KIND = Kind(
    id="mtu",
    rank=32,
    causes=frozenset({"mtu-blackhole"}),
    key=by_pair,
    least=2,
    title="large segments vanish to {service}",
    says="{count} connections between {client} and {service} stopped at their first full-size segment.",
)
