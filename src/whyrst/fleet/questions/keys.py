"""What resets can be counted by, each as an expression over the view `verdicts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Key = tuple[str | None, ...]
"""One value for each thing that is counted by; None where a verdict has none."""


def _address(endpoint: str) -> str:
    """The address of `ip:port` or `[ip]:port`."""
    bracketed = f"split_part({endpoint}[2:], ']', 1)"
    return f"CASE WHEN starts_with({endpoint}, '[') THEN {bracketed} ELSE split_part({endpoint}, ':', 1) END"


KEYS = {
    "cause": "cause",
    "service": "connection.server",
    "server": _address("connection.server"),
    "port": "split_part(connection.server, ':', -1)",
    "name": "connection.name",
    "client": _address("connection.client"),
    "peer": f"{_address('connection.client')} || ' -> ' || connection.server",
    "point": "point",
    "capture": "capture",
    "harm": "harm.level",
    "confidence": "confidence",
    "sender": "reset.sender",
    "mechanism": "reset.mechanism",
    "stage": "connection.stage",
    "vantage": "vantage",
    "tunnel": "connection.tunnel",
    "declared": "declared",
}
"""service: address and port of the server; peer: a client's address and the service that it used."""


def columns(by: Sequence[str]) -> str:
    """The expressions as columns k0, k1, ... with a comma behind each."""
    return "".join(f"CAST({KEYS[name]} AS VARCHAR) AS k{place}, " for place, name in enumerate(by))


def names(by: Sequence[str], table: str = "") -> str:
    """The names of these columns, with a comma behind each."""
    return "".join(f"{table}k{place}, " for place in range(len(by)))
