"""Reasons that a sender itself wrote into its reset. They are read first: nobody knows better.

- MP_TCPRST, RFC 8684 section 3.6.
- The RST diagnostic payload (draft-ietf-tcpm-rst-diagnostic-payload): eight bytes with the magic 0x33AA, or the
  earlier CBOR sequence with the magic 12345.
- Text, as RFC 9293 section 3.5.3 allows (F5 BIG-IP's rstcause, old systems).
- Citrix ADC (NetScaler) puts a code into the window field of its resets (Citrix CTX200852).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fast.tables import Dir, Rst
from whyrst.resets.facts import one_of

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Mask

MPTCP = {
    0: "unspecified error",
    1: "MPTCP-specific error",
    2: "lack of resources",
    3: "administratively prohibited",
    4: "too much outstanding data",
    5: "unacceptable performance",
    6: "middlebox interference",
}
FASTCLOSE = 1 << 7
"""MP_FASTCLOSE, subtype 7."""

DIAGNOSTIC = {
    1: "illegal option or option length",
    2: "desynchronized state",
    3: "new data after CLOSE",
    4: "ABORT called by the application",
    5: "unexpected ACK in a non-synchronized state",
    6: "unexpected SYN in the window",
    7: "unexpected security compartment",
    8: "malformed message",
    9: "not authorized",
    10: "resource exceeded",
    11: "network failure",
    12: "reset received from the peer",
    13: "destination unreachable",
    14: "connection timeout",
    15: "too much outstanding data",
    16: "unacceptable performance",
    17: "middlebox interference",
}

DEVICE_CODES = 8
"""Diagnostic codes from here on may come from devices on the path."""

NETSCALER = {
    8196: "SSL bad record",
    8201: "packet for no connection",
    8202: "packet for no connection",
    8204: "SYN with a wrong sequence number",
    8212: "SYN for no service",
    9100: "HTTP answer without a request",
    9300: "idle connection cleaned up",
    9301: "idle connection cleaned up",
    9302: "idle connection cleaned up",
    9303: "service down",
    9304: "zero-window probes gave up",
    9305: "SYN-ACK with a wrong acknowledgement",
    9310: "keep-alive probes failed",
    9401: "connections flushed for capacity",
    9700: "reset of the other side passed on",
    9701: "reset of the other side passed on",
    9702: "data after FIN",
    9800: "monitor probe ended",
    9811: "SSL fatal alert",
    9814: "reset by policy",
    9816: "SSL error",
    9833: "SSL error",
    9838: "SSL error",
    9845: "application firewall",
    9855: "surge queue overflow",
    **dict.fromkeys(range(9201, 9223), "HTTP protocol error"),
}

COMPACT = 8
MAGIC = 0x33AA
CBOR_MAGIC = bytes([0x19, 0x30, 0x39])
"""12345 as CBOR writes it: unsigned, two bytes follow."""


class Told(NamedTuple):
    """A declared reason.

    Attributes:
        by: "mptcp", "diagnostic", "vendor" (a diagnostic payload with a vendor's code), "text" or "netscaler".
        code: number of the reason, -1 for text.
        says: it in words.
    """

    by: str
    code: int
    says: str


class Declared:
    """Reasons declared in the resets of a batch."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    @cached_property
    def mptcp_reason(self) -> Mask:
        """MP_TCPRST is present."""
        return self._r.seg(Seg.MPTCP_REASON) >= 0

    @cached_property
    def mptcp_fastclose(self) -> Mask:
        """MP_FASTCLOSE is present."""
        options = self._r.seg(Seg.MPTCP)
        return (options > 0) & ((options & FASTCLOSE) != 0)

    @cached_property
    def netscaler(self) -> Mask:
        """The window is a NetScaler code that the sender's earlier windows do not explain.

        A real window can have that value by chance: its sender's last window must be another one, and no
        timestamps option may stand there, since the ADC's resets carry none.
        """
        window = self._r.seg(Seg.WINDOW)
        code = one_of(window, np.fromiter(NETSCALER, dtype=np.int64))
        last = self._r.sender(Dir.WINDOW)
        steady = (last == self._r.sender(Dir.WINDOW_MAX)) & (self._r.sender(Dir.SEGMENTS) > 0) & (window > last)
        moved = (np.abs(window - last) > window // 8) | steady
        return code & moved & ~self._r.shape.has_timestamps

    @cached_property
    def payload(self) -> dict[int, Told]:
        """Reasons in payloads, by index in the batch."""
        found = {}
        for i in np.flatnonzero(self._r.shape.has_payload).tolist():
            told = read_payload(self._r.payloads.get(int(self._r.own(Rst.ORDINAL)[i]), b""))
            if told is not None:
                found[i] = told
        return found

    @cached_property
    def in_payload(self) -> Mask:
        """The payload tells a reason."""
        mask = np.zeros(len(self._r), dtype=bool)
        mask[list(self.payload)] = True
        return mask

    @cached_property
    def by_device(self) -> Mask:
        """A proxy, balancer or firewall declares its reason: a NetScaler code, a text, a vendor's code, or one of the
        diagnostic codes that are meant for devices, too (8 and above; 1 to 7 are a TCP's own)."""
        own = [i for i, told in self.payload.items() if told.by == "diagnostic" and told.code < DEVICE_CODES]
        mask = self.in_payload.copy()
        mask[own] = False
        return mask | self.netscaler

    @cached_property
    def any(self) -> Mask:
        """Some reason is declared."""
        return self.mptcp_reason | self.mptcp_fastclose | self.netscaler | self.in_payload

    def told(self, i: int) -> Told | None:
        """What reset i declares, if anything."""
        if i in self.payload:
            return self.payload[i]
        if self.mptcp_reason[i]:
            code = int(self._r.seg(Seg.MPTCP_REASON)[i])
            says = MPTCP.get(code & 0xFF, f"reason {code & 0xFF}")
            passing = ", transient" if (code >> 8) & 1 else ""
            return Told("mptcp", code & 0xFF, f"MP_TCPRST reason {code & 0xFF}: {says}{passing}")
        if self.mptcp_fastclose[i]:
            return Told("mptcp", -1, "MP_FASTCLOSE: the whole MPTCP connection was aborted")
        if self.netscaler[i]:
            code = int(self._r.seg(Seg.WINDOW)[i])
            return Told("netscaler", code, f"NetScaler code {code}: {NETSCALER[code]}")
        return None


def read_payload(data: bytes) -> Told | None:
    """A reason in a reset's payload, or None when it holds none.

    Args:
        data: first payload bytes.
    """
    if len(data) == COMPACT and int.from_bytes(data[:2], "big") == MAGIC:
        code, pen = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big")
        if pen:
            return Told("vendor", code, f"diagnostic payload, reason {code} of the vendor with enterprise number {pen}")
        return Told("diagnostic", code, f"diagnostic payload, reason {code}: {DIAGNOSTIC.get(code, 'unknown')}")
    at = data.find(CBOR_MAGIC, 0, 4)
    if at >= 0:
        return _read_cbor(data[at + len(CBOR_MAGIC) :])
    text = data.rstrip(b"\0\r\n ")
    if len(text) >= 4 and all(32 <= c < 127 for c in text):  # noqa: PLR2004 - printable ASCII
        return Told("text", -1, f'the reset says "{text.decode("ascii")}"')
    return None


def _read_cbor(data: bytes) -> Told | None:
    """The map {1: code, 2: enterprise number, 3: text} of the draft's earlier form."""
    code, pen, text = -1, 0, ""
    at = 1
    if not data or data[0] >> 5 != 5:  # noqa: PLR2004 - CBOR major type 5, a map
        return None
    for _ in range(min(data[0] & 0x1F, 4)):
        if at + 1 >= len(data):
            break
        key, head = data[at], data[at + 1]
        major, value = head >> 5, head & 0x1F
        at += 2
        if 24 <= value <= 27:  # noqa: PLR2004 - one, two, four or eight bytes hold the value
            size = 1 << (value - 24)
            if at + size > len(data):
                break
            value = int.from_bytes(data[at : at + size], "big")
            at += size
        if major == 3:  # noqa: PLR2004 - text
            text = data[at : at + value].decode("utf-8", "replace")
            at += value
        elif key == 1:
            code = value
        elif key == 2:  # noqa: PLR2004 - the draft's key of the enterprise number
            pen = value
    if code < 0 and not text:
        return None
    says = f"of the vendor with enterprise number {pen}" if pen else DIAGNOSTIC.get(code, "")
    parts = [
        f"diagnostic payload, reason {code}" if code >= 0 else "diagnostic payload",
        says,
        f'"{text}"' if text else "",
    ]
    return Told("vendor" if pen else "diagnostic", code, ": ".join(p for p in parts if p))
