"""What the probes may do, and giving it up once they run.

Loading needs CAP_BPF and CAP_PERFMON, hearing packets CAP_NET_RAW (capabilities(7)); before Linux 5.8, which has no
CAP_BPF, CAP_SYS_ADMIN. Reading what attached probes tell needs nothing on kernels since 5.19.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

STATUS = Path("/proc/self/status")
LAST = Path("/proc/sys/kernel/cap_last_cap")
UNPRIVILEGED = Path("/proc/sys/kernel/unprivileged_bpf_disabled")
NET_ADMIN, NET_RAW, PTRACE, ADMIN, SYSLOG, PERFMON, BPF = (
    "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_SYSLOG", "CAP_PERFMON", "CAP_BPF",
)  # fmt: skip
BITS = {NET_ADMIN: 12, NET_RAW: 13, PTRACE: 19, ADMIN: 21, SYSLOG: 34, PERFMON: 38, BPF: 39}
"""include/uapi/linux/capability.h."""
GAINS = {
    SYSLOG: "names of the kernel functions that sent a reset",
    NET_ADMIN: "rules of the packet filter that made a reset",
    PTRACE: "owners of sockets that are older than the trace and belong to other users",
    ADMIN: "packets inside other network namespaces",
}
"""What further capabilities tell."""
VERSION_3 = 0x20080522
PR_SET_KEEPCAPS, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 8, 38, 47, 4
"""include/uapi/linux/prctl.h."""
READS_FREELY = (5, 19)
"""Since then, who holds a map's descriptor may read it (kernel/bpf/syscall.c, __sys_bpf)."""


def held(status: str | None = None) -> frozenset[str]:
    """Effective capabilities of this process that matter here.

    Args:
        status: of /proc/PID/status; our own if None.
    """
    text = STATUS.read_text(encoding="utf-8", errors="replace") if status is None else status
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", text, re.MULTILINE)
    mask = int(found[1], 16) if found else 0
    return frozenset(name for name, bit in BITS.items() if mask >> bit & 1)


def knows_bpf() -> bool:
    """Whether this kernel has CAP_BPF and CAP_PERFMON (Linux 5.8)."""
    try:
        return int(LAST.read_text(encoding="ascii")) >= BITS[BPF]
    except (OSError, ValueError):
        return True


def missing(have: Iterable[str], *, fine: bool = True) -> tuple[str, ...]:
    """What is missing for probes and packet socket.

    Args:
        have: capabilities.
        fine: the kernel has CAP_BPF; CAP_SYS_ADMIN still stands for it.
    """
    have = frozenset(have)
    needed = (BPF, PERFMON, NET_RAW) if fine and ADMIN not in have else (ADMIN, NET_RAW)
    return tuple(name for name in needed if name not in have)


def refusal(lacking: tuple[str, ...]) -> str:
    """What to tell a user who may not trace; empty when nothing is missing."""
    if not lacking:
        return ""
    names = " and ".join(filter(None, (", ".join(lacking[:-1]), lacking[-1])))
    return f"tracing needs {names}, which this process does not have: run it with sudo, or as a service with these"


def kept(have: Iterable[str], release: str | None = None, disabled: str | None = None) -> frozenset[str]:
    """What must be kept to read the probes' maps once they are attached; on kernels since 5.19 nothing.

    Args:
        have: capabilities.
        release: of the kernel, as uname -r tells; this one if None.
        disabled: kernel.unprivileged_bpf_disabled; of this kernel if None.
    """
    numbers = re.match(r"(\d+)\.(\d+)", os.uname().release if release is None else release)
    if numbers is not None and (int(numbers[1]), int(numbers[2])) >= READS_FREELY:
        return frozenset()
    if disabled is None:
        disabled = UNPRIVILEGED.read_text(encoding="ascii") if UNPRIVILEGED.exists() else "0"
    if disabled.strip() == "0":
        return frozenset()
    return frozenset({BPF} if BPF in (have := frozenset(have)) else {ADMIN} & have)


def sudo_user() -> tuple[int, int] | None:
    """User and group that called sudo; None when sudo was not used, or by root."""
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    return (int(uid), int(gid)) if uid.isdecimal() and gid.isdecimal() and int(uid) else None


def drop(keep: Iterable[str] = (), user: tuple[int, int] | None = None) -> None:
    """Give up all capabilities but some, for good. Programs that are started afterwards cannot get them back, either.

    Capabilities belong to threads: call this before starting any that work for others. With `user`, threads that exist
    already lose theirs with their user.

    Args:
        keep: capabilities to keep.
        user: user and group to become; None to stay who we are.

    Raises:
        OSError: the kernel refused.
    """
    keep = frozenset(keep)
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if user is not None and os.geteuid() == 0:
        _call("prctl", PR_SET_KEEPCAPS, int(bool(keep)), 0, 0, 0)
        _become(*user)
    limit(keep)


def limit(keep: Iterable[str]) -> None:
    """Keep only these capabilities in the calling thread.

    Raises:
        OSError: the kernel refused.
    """
    mask = sum(1 << BITS[name] for name in keep)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    header = ctypes.create_string_buffer(struct.pack("=Ii", VERSION_3, 0))
    sets = ctypes.create_string_buffer(struct.pack("=6I", low, low, 0, high, high, 0))
    _call("capset", ctypes.addressof(header), ctypes.addressof(sets))
    _call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)


def _become(uid: int, gid: int) -> None:
    try:
        os.initgroups(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:  # a user without an entry
        os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def _call(name: str, *args: int) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*(ctypes.c_ulong(arg) for arg in args)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
