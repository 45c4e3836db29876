"""The reason of a reset where the kernel gives none: before Linux 6.10 none, on 6.10 and 6.11 none for aborts.

The names are those of enum sk_rst_reason. They follow from the functions on the stack, the socket's state, its numbers
and the segment that asked for the reset; where these leave it open, there is no reason.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whyrst.fast.layout import Flag

if TYPE_CHECKING:
    from whyrst.kernel.event import KernelEvent

VAGUE = frozenset({None, "NOT_SPECIFIED"})
ABORTS = (
    ("mptcp_do_fastclose", "TCP_ABORT_ON_CLOSE"),
    ("tcp_out_of_resources", "TCP_ABORT_ON_MEMORY"),
    ("tcp_disconnect", "TCP_STATE"),
    ("tcp_abort", "TCP_STATE"),
    ("inet_csk_listen_stop", "TCP_STATE"),
)
"""Function on the stack of an active reset, innermost meaning first, and its reason."""
TIMERS = frozenset({"tcp_keepalive_timer"})
CLOSES = frozenset({"__tcp_close", "tcp_close"})
ANSWERS = {
    "TIME_WAIT": "TCP_TIMEWAIT_SOCKET",
    "SYN_SENT": "TCP_INVALID_ACK_SEQUENCE",
    "NEW_SYN_RECV": "INVALID_SYN",
    "SYN_RECV": "TCP_ACK_UNSENT_DATA",
} | dict.fromkeys(("FIN_WAIT1", "FIN_WAIT2", "CLOSING", "LAST_ACK", "CLOSE"), "TCP_ABORT_ON_DATA")
"""State of the socket that answered a segment, and the reason."""


def reason(event: KernelEvent) -> str | None:
    """The kernel's reason, or the one that follows from what else it told; None when neither is there."""
    if event.kind != "sent" or event.reason not in VAGUE:
        return event.reason
    return _abort(event) if event.active else _answer(event)


def functions(event: KernelEvent) -> frozenset[str]:
    """Names on the stack, without what compilers add when they split a function (mptcp_do_fastclose.part.0)."""
    return _plain(event.stack)


@lru_cache(maxsize=256)
def _plain(stack: tuple[str, ...]) -> frozenset[str]:
    """Every judge asks for the same few stacks."""
    return frozenset(name.partition(".")[0] for name in stack)


def _abort(event: KernelEvent) -> str | None:
    """tcp_send_active_reset's callers (net/ipv4/tcp.c, net/ipv4/tcp_timer.c)."""
    stack, numbers = functions(event), event.numbers
    for function, name in ABORTS:
        if function in stack:
            return name
    if not stack.isdisjoint(TIMERS):
        # The timer of an orphan in FIN_WAIT2 is the same as that of keep-alive probes.
        return "TCP_STATE" if event.state == "FIN_WAIT2" else "TCP_KEEPALIVE_TIMEOUT"
    if stack.isdisjoint(CLOSES) or numbers is None:
        return None
    if event.state == "FIN_WAIT2" and numbers.linger2 < 0:
        return "TCP_ABORT_ON_LINGER"
    return "TCP_ABORT_ON_CLOSE" if numbers.unread else None


def _answer(event: KernelEvent) -> str | None:
    """tcp_v4_send_reset's callers (net/ipv4/tcp_ipv4.c, net/ipv4/tcp_minisocks.c)."""
    if event.socket is None:
        return "NO_SOCKET"
    if event.state != "LISTEN":
        return ANSWERS.get(event.state)
    if "tcp_check_req" in functions(event):
        return "INVALID_SYN"
    return "TCP_FLAGS" if flags_of(event.trigger) & Flag.ACK else None


def flags_of(packet: bytes) -> int:
    """TCP flags of a packet that begins with its IP header; 0 when it is too short."""
    if not packet:
        return 0
    at = (packet[0] & 0xF) * 4 if packet[0] >> 4 == 4 else 40  # noqa: PLR2004 - IPv4; extension headers are rare
    return packet[at + 13] if len(packet) > at + 13 else 0
