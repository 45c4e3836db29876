"""Idle connections of one service are forgotten: a device's idle timeout."""

from __future__ import annotations

from whyrst.incidents.kind import Kind, by_service

KIND = Kind(
    id="idle-timeout",
    rank=15,
    causes=frozenset({"idle-timeout"}),
    key=by_service,
    least=2,
    title="idle connections to {service} are forgotten",
    says="{count} connections to {service} were reset when they spoke again; the first had been silent for {idle}"
    " ({idle_constant}).",
)
