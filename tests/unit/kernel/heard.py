"""Packets, interfaces and events for tests of what is heard beside the probes."""

from __future__ import annotations

import socket
import struct

from whyrst.kernel.event import SCHEMA, Ends, KernelEvent, Numbers, Task
from whyrst.kernel.wiretap import Seen

RST, SYN, ACK, PSH, FIN = 4, 2, 16, 8, 1


def packet(source, target, flags=RST, seq=0, ack=0, *, ip_id=0, ttl=64, options=b"", payload=b"", tcp_options=b""):
    """A packet from its IP header on; source and target are (address, port)."""
    tcp = struct.pack(
        ">HHIIBBHHH", source[1], target[1], seq, ack, (20 + len(tcp_options)) << 2, flags, 0, 0, 0
    ) + tcp_options + payload  # fmt: skip
    if ":" in source[0]:
        ends = socket.inet_pton(socket.AF_INET6, source[0]) + socket.inet_pton(socket.AF_INET6, target[0])
        return struct.pack(">IHBB", 6 << 28, len(tcp), 6, ttl) + ends + tcp
    length = 20 + len(options) + len(tcp)
    head = struct.pack(">BBHHHBBH", 0x40 | (20 + len(options)) >> 2, 0, length, ip_id, 0, ttl, 6, 0)
    return head + socket.inet_aton(source[0]) + socket.inet_aton(target[0]) + options + tcp


def text(end):
    """ip:port."""
    return f"[{end[0]}]:{end[1]}" if ":" in end[0] else f"{end[0]}:{end[1]}"


def seen(data, *, outgoing=True, interface="eth0", netns=1, time=1_000, here=True):
    """A packet on an interface."""
    return Seen(time, netns, interface, outgoing, here and not outgoing, data)


NUMBERS = Numbers(
    snd_una=1, snd_nxt=5000, write_seq=5000, rcv_nxt=7000, copied_seq=7000, rcv_wnd=100, window_shift=0,
    timestamps=False, bytes_sent=0, bytes_acked=0, bytes_received=0, sent_ago=None, received_ago=None, heard_ago=None,
    lingers=False, linger_time=0, linger2=0, keepalive=False, orphan=False, retransmits=0, retransmitted=0, probes=0,
    user_timeout=0, backlog=0, backlog_limit=0, error=0, shutdown=0, srtt=0.0, mark=0, uid=0,
)  # fmt: skip


def event(kind, local, remote, *, trigger=b"", numbers=None, **fields):
    """An event of namespace 1 about this connection."""
    ends = Ends(text(local), text(remote))
    known = {
        "schema": SCHEMA, "kind": kind, "time": 1_000, "netns": 1, "cpu": 0, "reason": None, "probed": False,
        "state": "ESTABLISHED", "substate": None, "socket": None if trigger else ends,
        "packet": ends if trigger else None, "trigger": trigger, "numbers": numbers, "past": None,
        "in_process": False, "task": Task(0, ""), "uid": 0, "cookie": 0, "cgroup": 0, "inode": 0, "stack": (),
        "user_stack": (), "kernel": "6.12.0",
    }  # fmt: skip
    return KernelEvent(**(known | fields))
