"""The reset segment's own fields."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from whyrst.fast.layout import Flag, IpFlag, Opt, Quality, Seg
from whyrst.resets.facts import Fact

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

FIXED_HEADER = 20


class Shape:
    """Fields of the resets of a batch."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    @cached_property
    def flags(self) -> Column:
        """TCP flags."""
        return self._r.seg(Seg.FLAGS)

    @cached_property
    def has_ack(self) -> Mask:
        """RST,ACK."""
        return (self.flags & Flag.ACK) != 0

    @cached_property
    def bare(self) -> Mask:
        """RST without ACK."""
        return (self.flags & Flag.ACK) == 0

    @cached_property
    def with_fin(self) -> Mask:
        """RST together with FIN, which no ordinary stack sends."""
        return (self.flags & Flag.FIN) != 0

    @cached_property
    def seq_zero(self) -> Mask:
        """Sequence number 0, as an answer to a segment without ACK has it (RFC 9293 section 3.10.7.1)."""
        return self._r.seg(Seg.SEQ) == 0

    @cached_property
    def window_zero(self) -> Mask:
        """Window 0."""
        return self._r.seg(Seg.WINDOW) == 0

    @cached_property
    def has_timestamps(self) -> Mask:
        """Carries the timestamps option."""
        return (self._r.seg(Seg.OPTIONS) & Opt.TIMESTAMPS) != 0

    @cached_property
    def has_options(self) -> Mask:
        """Carries any TCP option."""
        return self._r.seg(Seg.HEADER) > FIXED_HEADER

    @cached_property
    def has_payload(self) -> Mask:
        """Carries payload (RFC 9293 section 3.5.3: may hold a text that tells why)."""
        return self._r.seg(Seg.LENGTH) > 0

    @cached_property
    def v6(self) -> Mask:
        """IPv6."""
        return (self._r.seg(Seg.IP_FLAGS) & IpFlag.V6) != 0

    @cached_property
    def id_zero(self) -> Fact:
        """IPv4 ID 0, as Linux gives to a packet that no socket sends; unknown for IPv6."""
        return Fact.of(self._r.seg(Seg.IP_ID) == 0, ~self.v6)

    @cached_property
    def bad_checksum(self) -> Mask:
        """TCP checksum wrong, and not merely left to the network card: its receiver ignores it."""
        return (self._r.seg(Seg.QUALITY) & Quality.BAD_CHECKSUM) != 0

    @cached_property
    def linux_passive(self) -> Fact:
        """As Linux answers a segment it cannot take: window 0, no options, IPv4 ID 0.

        net/ipv4/tcp_ipv4.c tcp_v4_send_reset; the MPTCP, MD5 and AO options are the only exceptions.
        """
        plain = ~self.has_options | ((self._r.seg(Seg.OPTIONS) & (Opt.MPTCP | Opt.MD5 | Opt.AO)) != 0)
        return Fact.of(self.window_zero & plain) & (self.id_zero | self.v6)

    @cached_property
    def live_window(self) -> Mask:
        """RST,ACK with a window above 0: written from a socket (net/ipv4/tcp_output.c tcp_send_active_reset)."""
        return self.has_ack & ~self.window_zero
