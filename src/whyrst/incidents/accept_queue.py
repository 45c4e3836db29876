"""An accept queue overflows."""

from __future__ import annotations

from whyrst.incidents.kind import Kind, by_service

KIND = Kind(
    id="accept-queue",
    rank=13,
    causes=frozenset({"accept-queue-abort", "accept-queue-half-open"}),
    key=by_service,
    least=2,
    title="accept queue of {service} is full",
    says="{count} connections to {service} failed because the program does not accept them fast enough.",
)
