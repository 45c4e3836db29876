"""The bytes that probes hand over (`bpf/event.h`), and their meaning."""

from __future__ import annotations

import ipaddress
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.kernel.event import SCHEMA, Ends, KernelEvent, Listener, Numbers, Past, Rival, Task

if TYPE_CHECKING:
    from whyrst.kernel.btf import Names
    from whyrst.kernel.symbols import Symbols

COMM, TRIGGER, STACK, USER_STACK = "S16", 192, 24, 16
TUPLE = np.dtype([("local", "V16"), ("remote", "V16"), ("local_port", "<u2"), ("remote_port", "<u2")])
FLOW = np.dtype(
    [(name, "<u8") for name in ("opened", "established", "left", "ended", "repeated", "repeating", "reset")]
    + [(name, "<u4") for name in ("rival", "owner", "leaver", "reset_reason", "repeat_seq", "repeat_length")]
    + [(name, "<u2") for name in ("repeats", "row")]
    + [(name, "u1") for name in ("passive", "cpu", "ending", "before")]
    + [("owner_comm", COMM), ("sent_age", "<u4"), ("received_age", "<u4"), ("leaver_comm", COMM)]
    + [("sent", "<u8"), ("received", "<u8")]
    + [(name, "<u4") for name in ("error", "snd_nxt", "rcv_nxt", "user_timeout", "heard_age", "srtt")],
)
LISTENER = np.dtype(
    [(name, "<u8") for name in ("opened", "closed")]
    + [(name, "<u4") for name in ("pid", "open")]
    + [("ending", "u1"), ("spare", "V7"), ("comm", COMM)],
)
RIVAL = np.dtype([("opened", "<u8"), ("established", "<u8"), ("ends", TUPLE), ("spare", "V4")])
EVENT = np.dtype(
    [(name, "<u8") for name in ("time", "jiffies", "cookie", "cgroup", "inode")]
    + [(name, "<u8") for name in ("bytes_sent", "bytes_acked", "bytes_received")]
    + [(name, "<u4") for name in ("kind", "reason", "marks", "netns", "cpu", "pid", "tid", "uid", "socket_uid")]
    + [(name, "<u4") for name in ("snd_una", "snd_nxt", "write_seq", "rcv_nxt", "copied_seq", "rcv_wnd")]
    + [(name, "<u4") for name in ("sent_age", "received_age", "acked_age", "linger_time")]
    + [("linger2", "<i4")]
    + [(name, "<u4") for name in ("user_timeout", "backlog", "backlog_limit", "error", "total_retrans", "srtt")]
    + [(name, "<u4") for name in ("mark", "hz", "snd_wnd", "requests")]
    + [(name, "u1") for name in ("state", "before", "family", "retransmits", "probes", "shutdown", "wscale")]
    + [("substate", "u1"), ("comm", COMM), ("socket", TUPLE), ("packet", TUPLE), ("flow", FLOW), ("listener", LISTENER)]
    + [("rival", RIVAL)]
    + [(name, "<u2") for name in ("trigger_length", "stack_length", "user_length")]
    + [("ending", "u1"), ("spare", "u1")]
    + [("trigger", f"V{TRIGGER}"), ("stack", "<u8", (STACK,)), ("user", "<u8", (USER_STACK,))],
    align=True,
)
KINDS = ("sent", "received", "dropped")
HAS_SOCKET, FULL_SOCKET, HAS_TRIGGER, HAS_FLOW, IN_PROCESS, LINGERS, ORPHAN, KEEPALIVE, TIMESTAMPS, BY_KPROBE = (
    1 << k for k in range(10)
)
HAS_LISTENER = 1 << 10
ENDING = 0x80
STATES = (
    "UNKNOWN", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
    "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV",
)  # fmt: skip
"""include/net/tcp_states.h"""
LISTEN = STATES.index("LISTEN")
CLOSED = STATES.index("CLOSE")
MAPPED = bytes(10) + b"\xff\xff"
MICROSECOND = 1e-6
SECOND = 1_000_000_000


class Ticks:
    """The kernel's jiffies as nanoseconds since boot, never later than they were once a few events were heard.

    Attributes:
        length: ns of one; 0 before the first event.
    """

    def __init__(self) -> None:
        self.length, self._begin = 0, 0

    def learn(self, time: int, jiffies: int, hz: int) -> None:
        """Both clocks at one moment. A jiffy had begun before; while the host is suspended none passes."""
        length = SECOND // hz if hz else 0
        begin = time - jiffies * length
        if length != self.length or not 0 <= begin - self._begin <= length:
            self.length, self._begin = length, begin

    def ns(self, jiffies: int) -> int:
        """When a jiffy began."""
        return self._begin + jiffies * self.length


class Reader:
    """Turns the bytes of one event into a value.

    Args:
        names: of the running kernel's enums.
        symbols: of its addresses.
    """

    def __init__(self, names: Names, symbols: Symbols) -> None:
        self._names = names
        self._symbols = symbols
        self._release = os.uname().release
        self._boot = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self._ticks = Ticks()

    def read(self, data: bytes) -> KernelEvent:
        """The event in a sample of the ring buffer (ring samples are multiples of 8 bytes)."""
        e = np.frombuffer(data, dtype=EVENT, count=1)[0]
        marks, kind = int(e["marks"]), KINDS[int(e["kind"])]
        full = bool(marks & FULL_SOCKET)
        self._ticks.learn(int(e["time"]), int(e["jiffies"]), int(e["hz"]))
        numbers = self._numbers(e, marks) if full and e["before"] != LISTEN else self._listener(e, marks, full)
        return KernelEvent(
            schema=SCHEMA,
            kind=kind,  # type: ignore[arg-type]  # KINDS holds its members
            time=int(e["time"]) + self._boot,
            netns=int(e["netns"]),
            cpu=int(e["cpu"]),
            reason=self._reason(kind, int(e["reason"]), marks),
            probed=bool(marks & BY_KPROBE),
            state=STATES[e["before"]] if e["before"] < len(STATES) else "UNKNOWN",
            substate=STATES[e["substate"]] if 0 < e["substate"] < len(STATES) else None,
            socket=_ends(e["socket"]) if marks & HAS_SOCKET else None,
            packet=_ends(e["packet"]) if e["trigger_length"] else None,
            trigger=e["trigger"].tobytes()[: int(e["trigger_length"])],
            numbers=numbers,
            past=self._past(e["flow"], int(e["time"]), int(e["hz"])) if marks & HAS_FLOW else None,
            in_process=bool(marks & IN_PROCESS),
            task=Task(int(e["pid"]), _comm(e["comm"])),
            uid=int(e["uid"]),
            cookie=int(e["cookie"]),
            cgroup=int(e["cgroup"]),
            inode=int(e["inode"]),
            stack=self._symbols.stack(e["stack"][: int(e["stack_length"])].tolist()),
            user_stack=tuple(f"0x{address:x}" for address in e["user"][: int(e["user_length"])].tolist()),
            kernel=self._release,
            ending=_ending(e["ending"]),
            listener=self._listened(e["listener"]) if marks & HAS_LISTENER else None,
            rival=self._rival(e["rival"]) if e["rival"]["opened"] else None,
        )

    def _reason(self, kind: str, number: int, marks: int) -> str | None:
        if kind == "sent":
            return None if marks & BY_KPROBE else self._names.reset_reason(number)
        return self._names.drop_reason(number) if kind != "received" else None

    def _listener(self, e: Any, marks: int, full: bool) -> Numbers | None:  # noqa: FBT001 - private
        """A listener has a queue, and no sequence numbers."""
        return self._numbers(e, marks) if full else None

    def _numbers(self, e: Any, marks: int) -> Numbers:
        hz = int(e["hz"])

        def ago(name: str, ever: bool) -> float | None:  # noqa: FBT001 - private
            return int(e[name]) / hz if hz and ever else None

        return Numbers(
            **{name: int(e[name]) for name in ("snd_una", "snd_nxt", "write_seq", "rcv_nxt", "copied_seq", "rcv_wnd")},
            **{name: int(e[name]) for name in ("bytes_sent", "bytes_acked", "bytes_received", "linger_time")},
            **{name: int(e[name]) for name in ("linger2", "retransmits", "probes", "user_timeout", "backlog")},
            **{name: int(e[name]) for name in ("backlog_limit", "error", "shutdown", "mark", "snd_wnd", "requests")},
            window_shift=int(e["wscale"]),
            timestamps=bool(marks & TIMESTAMPS),
            sent_ago=ago("sent_age", bool(e["bytes_sent"])),
            received_ago=ago("received_age", bool(e["bytes_received"])),
            heard_ago=ago("acked_age", True),
            lingers=bool(marks & LINGERS),
            keepalive=bool(marks & KEEPALIVE),
            orphan=bool(marks & ORPHAN),
            retransmitted=int(e["total_retrans"]),
            srtt=(int(e["srtt"]) >> 3) * MICROSECOND,
            uid=int(e["socket_uid"]),
        )

    def _past(self, f: Any, now: int, hz: int) -> Past:
        reason = int(f["reset_reason"])
        gone, over = bool(f["ended"]), bool(f["left"] or f["ended"])
        left = self._left(f, now)
        opened, established = self._began(f, left or int(f["ended"]) or now)

        def ago(name: str, told: bool) -> float | None:  # noqa: FBT001 - private
            return int(f[name]) / hz if hz and told else None

        return Past(
            opened=opened,
            established=established,
            left=self._when(left),
            ended=self._when(f["ended"]),
            passive=bool(f["passive"]),
            opener=None if f["passive"] else _task(f["owner"], f["owner_comm"]),
            acceptor=_task(f["owner"], f["owner_comm"]) if f["passive"] else None,
            leaver=_task(f["leaver"], f["leaver_comm"]),
            before=STATES[f["before"]] if 0 < f["before"] < len(STATES) else None,
            **{name: int(f[name]) if gone else 0 for name in ("snd_nxt", "rcv_nxt", "error", "user_timeout")},
            bytes_acked=int(f["sent"]) if gone else 0,
            bytes_received=int(f["received"]) if gone else 0,
            repeats=int(f["repeats"]),
            repeated=self._when(f["repeated"]),
            reset=self._when(f["reset"]),
            reset_sent=reason > 0,
            reset_reason=self._names.reset_reason(reason - 1) if reason else None,
            cpu=int(f["cpu"]),
            ending=_ending(f["ending"]),
            **{name: int(f[name]) for name in ("repeat_length", "row")},
            repeating=self._when(f["repeating"]),
            heard_ago=ago("heard_age", gone),
            sent_ago=ago("sent_age", over),
            received_ago=ago("received_age", over),
            srtt=(int(f["srtt"]) >> 3) * MICROSECOND if gone and f["srtt"] else None,
        )

    def _left(self, f: Any, now: int) -> int:
        """When a process left it: in the jiffy told, and not after what followed in the same; 0 when none did."""
        if not f["left"]:
            return 0
        left, reset = min(self._ticks.ns(int(f["left"])), int(f["ended"]) or now), int(f["reset"])
        return reset if 0 < left - reset < self._ticks.length else left

    def _began(self, f: Any, latest: int) -> tuple[int, int | None]:
        """When a connection was opened and established: in the jiffy told, and not after what is known to follow."""
        established = min(self._ticks.ns(int(f["established"])), latest) if f["established"] else None
        opened = min(self._ticks.ns(int(f["opened"])), latest if established is None else established)
        return opened + self._boot, established + self._boot if established is not None else None

    def _listened(self, f: Any) -> Listener:
        return Listener(
            opened=self._when(f["opened"]),
            closed=self._when(f["closed"]),
            open=int(f["open"]),
            task=_task(f["pid"], f["comm"]),
            ending=_ending(f["ending"]),
        )

    def _rival(self, f: Any) -> Rival:
        opened, established = (self._ticks.ns(int(f[name])) + self._boot for name in ("opened", "established"))
        return Rival(opened, established, _ends(f["ends"]))

    def _when(self, since_boot: Any) -> int | None:
        return int(since_boot) + self._boot if since_boot else None


def _comm(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


def _ending(code: Any) -> int | None:
    """0x80 for a process that ends, plus the signal that killed it."""
    return int(code) & ~ENDING if code else None


def _task(pid: Any, comm: bytes) -> Task | None:
    return Task(int(pid), _comm(comm)) if pid else None


def _ends(pair: Any) -> Ends:
    return Ends(
        endpoint(pair["local"].tobytes(), int(pair["local_port"])),
        endpoint(pair["remote"].tobytes(), int(pair["remote_port"])),
    )


def endpoint(address: bytes, port: int) -> str:
    """ip:port of a 16-byte address; mapped IPv4 is written as IPv4."""
    if address.startswith(MAPPED):
        return f"{ipaddress.IPv4Address(address[12:])}:{port}"
    return f"[{ipaddress.IPv6Address(address)}]:{port}"
