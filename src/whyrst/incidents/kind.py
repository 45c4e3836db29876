"""What a file of this package says about its kind of incident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.resets.facts import Column
    from whyrst.verdicts.judged import Judged


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of incident.

    Attributes:
        id: stable name, kebab-case.
        rank: place in the order in which kinds claim resets; a reset belongs to one incident only.
        causes: verdicts of these causes may belong to it.
        key: what the connections of one incident share, as a number per reset; 0 where the kind does not apply.
        least: connections that make it an incident.
        title: short, with fields of `resets.text.FIELDS` and {count}, {service}, {client}, {name} in braces.
        says: one or two sentences, same fields.
    """

    id: str
    rank: int
    causes: frozenset[str]
    key: Callable[[Judged], Column]
    least: int
    title: str
    says: str


def by_service(judged: Judged) -> Column:
    """Connections to one address and port."""
    return judged.server_key


def by_client(judged: Judged) -> Column:
    """Connections of one client."""
    return judged.client_key


def by_pair(judged: Judged) -> Column:
    """Connections of one client to one service."""
    from whyrst.resets.timeline import mix

    return mix(judged.client_key, judged.server_key)
