"""What stacks do by habit: options, windows, TTL, IP identification and how their resets look.

Linux: captured and compared with the kernel's own record (ip_select_ident_segs, tcp_send_active_reset,
tcp_v4_send_reset). Windows, FreeBSD, macOS and lwIP: from their public sources, p0f's fingerprints and captures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from whyrst.lab.wire import options as opt


@dataclass(frozen=True, slots=True)
class Habit:
    """One stack's habits."""

    ttl: int
    layout: str
    """Order of the options in a SYN: m MSS, s SACK permitted, t timestamps, w window scale, n padding, e end."""
    syn_window: int
    synack_window: int
    window: int
    """Window field of later segments, unscaled."""
    scale: int | None
    ids: Literal["connection", "host", "zero"]
    """IPv4 identification: one counter a connection (Linux), one for the host, or always 0 (RFC 6864)."""
    df: bool = True
    abort_window: bool = True
    """Whether an active reset still bears the window (Windows: 0)."""
    mss: int = 1460
    probe_payload: bytes = b""
    """What a keep-alive probe carries (Windows: one zero byte)."""

    @property
    def timestamps(self) -> bool:
        """Whether the stack offers timestamps."""
        return "t" in self.layout

    def syn_options(self, mss: int, stamp: tuple[int, int] | None, *, scaled: bool) -> bytes:
        """Options of a SYN or SYN-ACK; `stamp` and `scaled` say what is offered, or was offered by the peer."""
        if not stamp and not scaled:
            return opt.mss(mss)
        parts = {
            "m": opt.mss(mss),
            "s": opt.SACK_OK,
            "t": opt.timestamps(*stamp) if stamp else b"",
            "w": opt.window_scale(self.scale) if scaled and self.scale is not None else b"",
            "n": opt.NOP,
            "e": b"\0",
        }
        layout = self.layout
        if not stamp:
            # Linux fills the place of the timestamps with two NOPs before SACK permitted.
            layout = layout.replace("st", "nns").replace("nnt", "")
        return opt.padded(b"".join(parts[letter] for letter in layout))


HABITS = {
    "linux": Habit(64, "mstnw", 64240, 65160, 502, 7, "connection"),
    "windows": Habit(128, "mnwnns", 64240, 65535, 1026, 8, "host", abort_window=False, probe_payload=b"\0"),
    "freebsd": Habit(64, "mnwst", 65535, 65535, 1027, 6, "zero"),
    "macos": Habit(64, "mnwnntsee", 65535, 65535, 2058, 6, "zero"),
    "lwip": Habit(255, "m", 5840, 5840, 5840, None, "host", df=False),
}
"""Habits by operating system."""
