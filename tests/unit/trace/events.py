"""Kernel events written down in a test."""

from __future__ import annotations

import ipaddress
import struct
from typing import Any

from whyrst.kernel.event import SCHEMA, Ends, KernelEvent, Numbers, Task

SECOND = 1_000_000_000
NOON = 1_795_262_400 * SECOND
SYN, ACK, RST = 2, 16, 4


def packet(source: str, target: str, flags: int = SYN, payload: bytes = b"", seq: int = 1, ack: int = 0) -> bytes:
    """A segment from its IP header on."""
    (one, sport), (other, dport) = ((ipaddress.ip_address(e.rsplit(":", 1)[0].strip("[]")), int(e.rsplit(":", 1)[1]))
                                    for e in (source, target))  # fmt: skip
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 64240, 0, 0) + payload
    if one.version == 4:
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + one.packed + other.packed + tcp
    return struct.pack(">IHBB", 6 << 28, len(tcp), 6, 64) + one.packed + other.packed + tcp


def numbers(**more: Any) -> Numbers:
    """Those of a socket that sent 100 bytes and received 200, all acknowledged and read."""
    usual = {
        "snd_una": 1100, "snd_nxt": 1100, "write_seq": 1100, "rcv_nxt": 2200, "copied_seq": 2200, "rcv_wnd": 65536,
        "window_shift": 7, "timestamps": True, "bytes_sent": 100, "bytes_acked": 100, "bytes_received": 200,
        "sent_ago": 0.2, "received_ago": 0.1, "heard_ago": 0.1, "lingers": False, "linger_time": 0, "linger2": 0,
        "keepalive": False, "orphan": False, "retransmits": 0, "retransmitted": 0, "probes": 0, "user_timeout": 0,
        "backlog": 0, "backlog_limit": 0, "error": 0, "shutdown": 0, "srtt": 0.01, "mark": 0, "uid": 0,
    }  # fmt: skip
    return Numbers(**(usual | more))


def refused(local: str = "10.0.0.1:80", remote: str = "10.0.0.2:4000", after: float = 0, **more: Any) -> KernelEvent:
    """A SYN to a closed port, answered by the stack."""
    usual = {
        "schema": SCHEMA, "kind": "sent", "time": NOON + int(after * SECOND), "netns": 1, "cpu": 0,
        "reason": "NO_SOCKET", "probed": False, "state": "UNKNOWN", "substate": None, "socket": None,
        "packet": Ends(local, remote), "trigger": packet(remote, local), "numbers": None, "past": None,
        "in_process": False, "task": Task(0, "swapper/0"), "uid": 0, "cookie": 0, "cgroup": 0, "inode": 0,
        "stack": ("tcp_v4_send_reset", "tcp_v4_rcv"), "user_stack": (), "kernel": "6.18.0",
    }  # fmt: skip
    return KernelEvent(**(usual | more))


def aborted(
    local: str = "10.0.0.1:80", remote: str = "10.0.0.2:4000", comm: str = "nginx", pid: int = 123, **more: Any
) -> KernelEvent:
    """A socket closed by its process while bytes were unread."""
    usual = {
        "reason": "TCP_ABORT_ON_CLOSE", "state": "ESTABLISHED", "socket": Ends(local, remote), "packet": None,
        "trigger": b"", "numbers": numbers(copied_seq=2195), "in_process": True, "task": Task(pid, comm),
        "stack": ("tcp_send_active_reset", "__tcp_close", "tcp_close"), "cgroup": 77,
    }  # fmt: skip
    return refused(local, remote, **(usual | more))


def taken(local: str = "10.0.0.1:4000", remote: str = "10.0.0.2:80", **more: Any) -> KernelEvent:
    """A socket took a reset."""
    usual = {
        "kind": "received", "reason": None, "state": "ESTABLISHED", "socket": Ends(local, remote), "packet": None,
        "trigger": b"", "numbers": numbers(), "stack": (),
    }  # fmt: skip
    return refused(local, remote, **(usual | more))
