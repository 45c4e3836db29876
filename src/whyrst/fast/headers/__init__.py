"""Decodes packet records to TCP segments: link layer, tunnels, IP and the TCP header.

A packet is peeled from the outside: `step` names what stands at `at`, an Ethertype or one of the small numbers below,
until TCP or a reason to skip is found. `end` is the end of what was captured, `limit` that of what was on the wire by
the innermost length known; bytes between an IP datagram's end and the frame's (Ethernet padding) belong to neither.
Address, TTL and the like are those of the innermost IP header, and LINK_SRC that of the innermost Ethernet header.
A tunnel chain is written left to right: VLAN then GRE is 0x16.

The common packet (Ethernet, IPv4 or IPv6, TCP) is decoded in `decode` itself, by reads of single bytes whose bounds
are checked; the rest stands in functions that give `at << 16 | step`, or `-1 - Skip` when there is no segment.
Payload bytes are named in a second pass by `whyrst.fast.payload`.

The functions of these modules are compiled as one file, as those of the tracker are. Uncompiled, the arrays must be
memoryviews, whose cells are plain integers.
"""

from whyrst.fast.headers.segments import decode

__all__ = ["decode"]
