"""A prober opens and resets on purpose, at a rhythm."""

from __future__ import annotations

from whyrst.incidents.kind import Kind, by_pair

KIND = Kind(
    id="health-check",
    rank=21,
    causes=frozenset({"health-check"}),
    key=by_pair,
    least=2,
    title="health checks of {service}",
    says="{client} checks {service} every {probe_period}; {count} checks ended by reset, on purpose.",
)
