"""One interface of a capture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Interface:
    """What a capture says about one of its interfaces.

    Attributes:
        link: LINKTYPE_ number (pcap-linktype(7)).
        snaplen: Bytes after which its packets were cut; 0 for no limit.
        name: As the capturing system calls it, safe to print; empty when the capture does not tell.
        packets: Packets read from it so far.
        received: Packets that it received by its own statistics (isb_ifrecv), `None` when they are not there.
        dropped: Packets that the capturing lost by its statistics (isb_ifdrop + isb_osdrop), `None` likewise.
    """

    link: int
    snaplen: int
    name: str = ""
    packets: int = 0
    received: int | None = None
    dropped: int | None = None
