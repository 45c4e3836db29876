"""The columns of a segment, and the codes that its cells hold.

One TCP segment is one row of 64-bit integers (`numpy.int64`, shape `(n, Seg.COUNT)`, C order). Rows, not
separate columns, because the tracker reads most cells of one segment at a time; `rows[:, Seg.SEQ]` is the
column. "Absent" is -1 in every cell where 0 is a legal value.

The compiled loops copy these numbers into C statics when they are imported, so this file is the only
place where a cell is numbered.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Seg(IntEnum):
    """Cells of one segment's row."""

    FRAME = 0
    """Number of the packet in its capture, 1-based, as Wireshark counts."""
    TIME = 1
    """Nanoseconds since 1970-01-01 UTC."""
    SRC_HI = 2
    """Upper 64 bits of the source address (as a signed number); 0 for IPv4."""
    SRC_LO = 3
    """Lower 64 bits; IPv4 is mapped: 0x0000ffff_aabbccdd."""
    DST_HI = 4
    DST_LO = 5
    SPORT = 6
    DPORT = 7
    SEQ = 8
    """Sequence number as sent, 0..2**32-1."""
    ACK = 9
    """Acknowledgement field as sent, also when the ACK flag is off."""
    FLAGS = 10
    """TCP flags, `Flag`; AE (the former NS) is bit 8."""
    WINDOW = 11
    """Window field, unscaled."""
    LENGTH = 12
    """Payload bytes the segment carried on the wire, by the IP header (super-segments: all of them)."""
    TTL = 13
    """TTL or hop limit."""
    IP_ID = 14
    """IPv4 identification; -1 for IPv6."""
    TOS = 15
    """TOS byte or traffic class."""
    FLOW = 16
    """IPv6 flow label; -1 for IPv4."""
    IP_FLAGS = 17
    """`IpFlag`."""
    HEADER = 18
    """TCP header length in bytes (20 = no options)."""
    OPTIONS = 19
    """Which options stand in the header, `Opt`."""
    TSVAL = 20
    """Timestamp value, -1 when there is no timestamps option."""
    TSECR = 21
    WSCALE = 22
    """Window scale shift, -1 when absent."""
    MSS = 23
    """MSS option, -1 when absent."""
    MPTCP = 24
    """MPTCP: bit k set when subtype k stands there; -1 when there is no option 30."""
    MPTCP_REASON = 25
    """MP_TCPRST: flags << 8 | reason; -1 when absent."""
    CHECKSUM = 26
    """TCP checksum field as sent."""
    KIND = 27
    """First payload bytes, `Kind`."""
    KIND_INFO = 28
    """HTTP status, TLS alert (level << 8 | description), SMB command and the like; -1 when none."""
    PAYLOAD_AT = 29
    """Offset of the payload in the batch's buffer."""
    PAYLOAD_HAVE = 30
    """Payload bytes that were captured (smaller than LENGTH when the packet was cut)."""
    LINK_SRC = 31
    """Source MAC address as a number, -1 when the link layer has none."""
    INTERFACE = 32
    """Interface of the capture (pcapng interface, or SLL2's), 0 when there is only one."""
    TUNNEL = 33
    """Outermost-to-innermost tunnels, 4 bits each, `Tunnel`; 0 when none."""
    QUALITY = 34
    """`Quality`."""
    NAME_AT = 35
    """Offset in the batch's buffer of the TLS server name (SNI) or HTTP Host."""
    NAME_LENGTH = 36
    """Its length in bytes, 0 when there is none."""
    COUNT = 37


class Rec(IntEnum):
    """Cells of one packet record found in a capture's bytes (`numpy.int64`, shape `(n, Rec.COUNT)`)."""

    OFFSET = 0
    """Where the packet's first byte stands in the buffer."""
    CAPTURED = 1
    """Bytes captured."""
    WIRE = 2
    """Bytes on the wire."""
    TIME = 3
    """Nanoseconds since 1970-01-01 UTC."""
    INTERFACE = 4
    """Interface of the capture, counted over all its sections; 0 for pcap."""
    LINK = 5
    """Link-layer type (LINKTYPE_ number, as pcap-linktype(7) lists them)."""
    KEEP = 6
    """1, or 0 when the capture filter said no."""
    COUNT = 7


class Flag(IntFlag):
    """TCP flags as RFC 9293 section 3.1 orders them."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10
    URG = 0x20
    ECE = 0x40
    CWR = 0x80
    AE = 0x100


class IpFlag(IntFlag):
    """What the IP header says beside its fields."""

    DF = 1
    V6 = 2
    OPTIONS = 4
    """IPv4 options or IPv6 extension headers stood before TCP."""
    FRAGMENT = 8
    """First fragment of a datagram (later ones hold no TCP header and are skipped)."""


class Opt(IntFlag):
    """Options present in a TCP header."""

    MSS = 1
    WSCALE = 2
    SACK_OK = 4
    SACK = 8
    TIMESTAMPS = 16
    MD5 = 32
    AO = 64
    FAST_OPEN = 128
    MPTCP = 256
    OTHER = 512
    BROKEN = 1024
    """The option list is malformed (a length of 0 or one that leaves the header)."""


class Quality(IntFlag):
    """What is odd about how a packet was captured."""

    CUT = 1
    """Captured length is less than the wire's."""
    ZERO_LENGTH = 2
    """IP total length 0: segmentation offload; the length comes from the record."""
    SUPER = 4
    """Payload of more than 1460 bytes on a link whose frames hold 1500, so cut or merged by offload."""
    BAD_CHECKSUM = 8
    """TCP checksum wrong (checked on SYN, FIN and RST without payload only)."""
    PARTIAL_CHECKSUM = 16
    """TCP checksum holds just the pseudo header's sum: filled in later by the sender's network card."""
    OUTGOING = 32
    """Link layer says that this host sent it (SLL packet type 4)."""
    COPY = 64
    """One more copy of a packet that was seen already; set by the tracker."""


class Tunnel(IntEnum):
    """Encapsulations that were removed."""

    NONE = 0
    VLAN = 1
    MPLS = 2
    PPPOE = 3
    IPIP = 4
    SIT = 5
    """6in4: IPv6 in IPv4, and IPv4 in IPv6."""
    GRE = 6
    ERSPAN = 7
    VXLAN = 8
    GENEVE = 9
    GTPU = 10
    AH = 11


class Kind(IntEnum):
    """What the first captured payload bytes are."""

    NONE = 0
    """No payload."""
    OTHER = 1
    HIDDEN = 2
    """There is payload, but none of it was captured."""
    TLS_CLIENT_HELLO = 3
    TLS_SERVER_HELLO = 4
    TLS_HANDSHAKE = 5
    TLS_ALERT = 6
    TLS_DATA = 7
    TLS_CCS = 8
    HTTP_REQUEST = 9
    HTTP_RESPONSE = 10
    SMB = 11
    SSH = 12
    SMTP = 13
    """Server greeting or reply line: three digits and a space or dash."""
    FTP = 14
    REDIS = 15
    MYSQL = 16
    POSTGRES = 17
    HTTP2_PREFACE = 18
    DNS = 19
    RDP = 20
    LDAP = 21
    BGP = 22
    MQTT = 23
    PROXY_V1 = 24
    PROXY_V2 = 25
    ZEROS = 26
    """One byte of a keep-alive probe, or padding: all captured bytes are 0."""


class Skip(IntEnum):
    """Why a packet gave no segment. Every packet read is decoded or counted under one of these."""

    LINK = 0
    """Link layer that whyrst does not read."""
    NOT_IP = 1
    """ARP, LLDP, spanning tree and the like."""
    NOT_TCP = 2
    """UDP, ICMP and others."""
    FRAGMENT = 3
    """Later fragment of a datagram: holds no TCP header."""
    CUT = 4
    """Captured bytes end inside the link, IP or TCP header."""
    MALFORMED = 5
    """A header contradicts itself."""
    FILTER = 6
    """The capture filter said no."""
    DEEP = 7
    """More encapsulations than whyrst follows."""
    COUNT = 8


LONGEST_NAME = 255
"""Bytes of a server name; a longer one is none."""

MAX_TUNNELS = 8
"""How many encapsulations are followed in one packet."""
