"""Parts of a verdict that several formats have a place for: addresses, times, the cause, what speaks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whyrst.causes import all_causes
from whyrst.reports.steps import nanoseconds

if TYPE_CHECKING:
    from whyrst.model import Verdict

IPV6 = ":"
"""What only the address of an IPv6 host holds."""


class End(NamedTuple):
    """An address and a port."""

    ip: str
    port: int


def end(endpoint: str) -> End:
    """The parts of `ip:port` or `[ip]:port`.

    >>> end("[2001:db8::1]:80")
    End(ip='2001:db8::1', port=80)
    """
    host, _, port = endpoint.rpartition(":")
    return End(host.strip("[]"), int(port))


def times(verdict: Verdict) -> tuple[int, int]:
    """When the connection and its reset were, nanoseconds since 1970."""
    return nanoseconds(verdict.connection.start), nanoseconds(verdict.time)


def headline(verdict: Verdict) -> str:
    """Cause, sureness and what it means, in one line."""
    sure = f" ({verdict.confidence})" if verdict.confidence != "undetermined" else ""
    return f"{verdict.cause}{sure}: {all_causes()[verdict.cause].title}"


def supporting(verdict: Verdict) -> tuple[str, ...]:
    """The facts that hold and speak for the cause, the most telling first."""
    return tuple(one.says for one in verdict.evidence if one.holds == "yes" and one.weight != "refutes")
