"""Resets that a third party wrote."""

from __future__ import annotations

from whyrst.incidents.kind import Kind, by_service

KIND = Kind(
    id="forger",
    rank=35,
    causes=frozenset({"forged-reset", "dpi-injection", "blind-reset-attack"}),
    key=by_service,
    least=2,
    title="forged resets at {service}",
    says="{count} connections to {service} got resets that its end did not write.",
)
