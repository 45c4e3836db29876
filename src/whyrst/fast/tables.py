"""The cells of the tracker's tables: one connection, its two directions, one reset, one line of the log.

All are 64-bit integers. A connection is one row: `Conn` cells, then for each side (0 = client, 1 = server)
`Dir` cells and a ring of that side's latest segments. "Absent" is -1 for sequence numbers and settings and
0 for times and frames.

A row has over two kilobytes, and thousands of connections take turns, so that what an ordinary segment touches must be
fetched from afar. Cells that it needs together stand together, the most wanted first, and rows and sides start where
lines of the processor's cache do.

Sequence numbers are kept as sent (32 bits) and compared by signed difference, RFC 9293 section 3.4.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Conn(IntEnum):
    """Cells that belong to the connection as a whole."""

    CLIENT_LO = 0
    SERVER_LO = 1
    CLIENT_HI = 2
    SERVER_HI = 3
    PORTS = 4
    """Client port << 16 | server port."""
    NEXT = 5
    """Next slot in the same hash bucket, -1 at the end."""
    USED = 6
    """`Use`."""
    RESET_LAST = 7
    """Ordinal (over the capture) of the latest reset, -1 before any."""
    LAST_TIME = 8
    PACKETS = 9
    """Segments, copies not counted."""
    COPIES = 10
    """Packets that were copies of one seen before."""
    IDLE_GAP = 11
    """Silence of the whole connection before the latest new byte, SYN or FIN; nanoseconds."""
    IDLE_FRAME = 12
    """The segment that ended it."""
    IDLE_SIDE = 13
    """Who sent that segment."""
    DATA_SIDE = 14
    """Side of the last new payload, -1 before any."""
    T_TURN = 15
    """When the current sender of data began its turn (first byte of the latest request or answer)."""
    TURN_FRAME = 16
    NAME = 17
    """Hash of the TLS server name or HTTP host, 0 when none was seen."""
    KNOWN = 18
    """1 when a SYN or SYN-ACK told which end is the client, 0 when ports were used to guess."""
    MISSING = 19
    """Acknowledgements for bytes that the capture does not hold."""
    FOREIGN_ACK = 20
    """Acknowledgement number with which the server answered the SYN without a SYN of its own, -1 if it did not."""
    FOREIGN_FRAME = 21
    T_ACK = 22
    """The client's first ACK after it."""
    STREAM = 23
    """Number in order of first appearance, as Wireshark's tcp.stream."""
    LOG = 24
    """Number of its line in the connection log."""
    BUCKET = 25
    """The hash bucket that holds it."""
    FIRST_TIME = 26
    FINISHED = 27
    """When it was queued as finished; 0 while it lives."""
    QUEUE = 28
    """Next slot in the queue of finished connections, -1 at the end."""
    T_SYN = 29
    """The client's first SYN."""
    T_SYNACK = 30
    """The server's first SYN-ACK."""
    RESETS = 31
    """Reset segments so far."""
    RESET_TIME = 32
    """Time of the first reset."""
    TUNNEL = 33
    """Encapsulation of its first packet, `Seg.TUNNEL`."""
    OLD_STREAM = 34
    """The connection that used this 4-tuple before, -1 when none is known."""
    OLD_FINS = 35
    """Which sides had sent a FIN (bit 0 client, bit 1 server), +4 when it had been reset."""
    OLD_CLIENT_NXT = 36
    """Next sequence number of its client, and of its server: what a host that kept it would acknowledge."""
    OLD_ISN = 37
    """Client's initial sequence number of the previous connection, -1 when unknown."""
    COUNT = 38


class Dir(IntEnum):
    """Cells of one direction, named from the view of its sender."""

    NXT = 0
    """Next sequence number: behind the highest byte, SYN or FIN seen; -1 before the first segment."""
    ACKED = 1
    """Highest of its numbers that the other side acknowledged; -1 before the first."""
    ISN = 2
    """Initial sequence number, -1 when no SYN was seen."""
    STATE = 3
    """`State` of this end."""
    PACKETS = 4
    """Segments without RST."""
    RETRANS = 5
    """Repeats of the segment that is being repeated now; 0 after an acknowledgement."""
    PROBES = 6
    """Keep-alive probes since the other side last spoke."""
    FIN_SEQ = 7
    """Sequence number of its FIN, -1 before."""
    FINS = 8
    SYNS = 9
    """SYN or SYN-ACK segments."""
    NEW_TIME = 10
    """Latest segment with something new: payload, SYN or FIN."""
    NEW_LENGTH = 11
    """Its payload length."""
    ACKED_TIME = 12
    """When the other side last acknowledged something new."""
    ACKED_FRAME = 13
    ACKED_MAX = 14
    """Largest payload that was acknowledged."""
    RTT = 15
    """Smallest time from its new payload to the acknowledgement, as seen here; 0 when never measured."""
    ACK_SENT = 16
    """Highest acknowledgement number that it sent; -1 before the first."""
    RING = 17
    """Entries written to the ring."""
    WINDOW = 18
    """Latest window, unscaled, SYN segments apart; -1 before the first."""
    ZERO_SINCE = 19
    """When its window became 0; 0 while it is open."""
    SHIFT = 20
    """Window scale in force, -1 when unknown (no handshake in the capture)."""
    EDGE = 21
    """Right edge of the offered window (ACK + scaled window), -1 when unknown."""
    EDGE_ACK = 22
    """ACK_SENT when the edge last moved: what was acknowledged since is still unread (at least)."""
    LAST_TIME = 23
    LAST_FRAME = 24
    TTL = 25
    """TTL of the latest segment without RST, -1 before."""
    ID = 26
    """Latest non-zero IPv4 ID, -1 before."""
    ID_STEPS = 27
    """Segments whose ID is 1 to 64 above the one before."""
    TS_WITH = 28
    """Segments with the timestamps option."""
    TS_LAST = 29
    TS_TIME = 30
    FLOW = 31
    LINK = 32
    """Source MAC of the latest segment without RST, -1 when there is none."""
    BYTES = 33
    """New payload bytes seen."""
    SEGMENTS = 34
    """Segments with new payload."""
    SEGMENT_MAX = 35
    """Largest payload."""
    DATA_TIME = 36
    """Latest segment with payload, new or repeated."""
    DATA_FRAME = 37
    FIRST_DATA = 38
    """Time of its first payload."""
    LAST_KIND = 39
    ID_ZERO = 40
    """Segments with IPv4 ID 0."""
    ID_JUMPS = 41
    TS_WITHOUT = 42
    """Segments without it, SYN and RST apart."""
    UNSUMMED = 43
    """Segments with a partial checksum or marked as outgoing: captured on the sending host."""
    WINDOW_MAX = 44
    WINDOW_TIME = 45
    """When the window last grew without acknowledging more (a window update)."""
    HOLES = 46
    """Times that its sequence numbers jumped over bytes which the capture does not hold."""
    RETRANS_SEQ = 47
    RETRANS_LENGTH = 48
    RETRANS_FIRST = 49
    """When that segment was first sent (or first repeated, when the original is unknown)."""
    RETRANS_LAST = 50
    RETRANS_FRAME = 51
    PROBE_FIRST = 52
    PROBE_LAST = 53
    ZERO_FRAME = 54
    ZERO_ACKS = 55
    """Segments that repeated the zero window (answers to window probes)."""
    REQUESTS = 56
    """HTTP requests."""
    ANSWERS = 57
    """HTTP responses."""
    STATUS = 58
    """Latest HTTP status, -1 when none."""
    FIRST_KIND = 59
    FIRST_DATA_FRAME = 60
    ALERT = 61
    """Latest TLS alert: level << 8 | description; -2 for an encrypted one, -1 for none."""
    ALERT_FRAME = 62
    TTL_MIN = 63
    TTL_MAX = 64
    SYN_LAST = 65
    SYN_FRAME = 66
    SYN_OPTIONS = 67
    SYN_WINDOW = 68
    SYN_TTL = 69
    SYN_ID = 70
    WSCALE = 71
    FIN_TIME = 72
    FIN_FRAME = 73
    RSTS = 74
    RST_SEQ = 75
    RST_ACK = 76
    RST_TIME = 77
    RST_FRAME = 78
    COUNT = 79


class Ring(IntEnum):
    """One remembered segment."""

    TIME = 0
    WHAT = 1
    """FLAGS | FRAME << 9 | TOS << 40 | KIND << 48 | REPEATED << 53 | PROBE << 54."""
    SEQ = 2
    """SEQ | LENGTH << 32."""
    ACK = 3
    """ACK | TTL << 32 | (IP_ID + 1) << 40."""
    GAP = 4
    """Silence of the connection before it, nanoseconds."""
    COUNT = 5


RING = 8
"""Segments remembered per side: enough to find what a reset answers, since a host answers at once. A power of two."""

LINE = 8
"""Cells in a line of the processor's cache."""

SIDES = -(-Conn.COUNT // LINE) * LINE
"""Where the first side begins in a connection's row."""
SIDE = -(-(Dir.COUNT + RING * Ring.COUNT) // LINE) * LINE
"""Cells of one side."""
WIDTH = SIDES + 2 * SIDE
"""Cells of one connection's row."""


class Use(IntEnum):
    """What a slot of the table holds."""

    FREE = 0
    LIVE = 1
    FINISHED = 2


class Answer(IntFlag):
    """How a reset's numbers fit the segment that it may answer (RFC 9293 section 3.5.2)."""

    SEQ_IS_ACK = 1
    """RST.SEQ = SEG.ACK."""
    ACK_IS_END = 2
    """RST.ACK = SEG.SEQ + SEG.LEN."""


class Rst(IntEnum):
    """Cells of one reset. The segment's cells, the connection's and both directions' are copies made before
    the reset was applied; the rest is about what it answers and what followed."""

    SEGMENT = 0
    CONN = 37
    SENDER = CONN + Conn.COUNT
    PEER = SENDER + Dir.COUNT
    OWN = PEER + Dir.COUNT
    SIDE = OWN
    """0 when the client's address is its source, 1 for the server's."""
    ORDINAL = OWN + 1
    """Number over the capture, from 0."""
    NUMBER = OWN + 2
    """Number in its connection, from 1."""
    PREVIOUS = OWN + 3
    """Ordinal of the connection's reset before it, -1."""
    COPIES = OWN + 4
    CAPTURE = OWN + 5
    TRIGGER = OWN + 6
    """`Answer` bits of the most recent segment that fits, 0 when none does."""
    TRIGGER_TIME = OWN + 7
    TRIGGER_WHAT = OWN + 8
    TRIGGER_SEQ = OWN + 9
    TRIGGER_ACK = OWN + 10
    TRIGGER_GAP = OWN + 11
    FITTING = OWN + 12
    """How many remembered segments of the peer fit equally."""
    AFTER = OWN + 13
    SENDER_AFTER = AFTER
    """Segments without RST from the same address after this reset."""
    SENDER_AFTER_TIME = AFTER + 1
    SENDER_AFTER_FRAME = AFTER + 2
    SENDER_NEW = AFTER + 3
    """Of them, with payload, FIN or acknowledgement beyond what the sender had sent or acknowledged at the reset."""
    PEER_AFTER = AFTER + 4
    PEER_AFTER_TIME = AFTER + 5
    PEER_AFTER_FRAME = AFTER + 6
    PEER_NEW = AFTER + 7
    """Peer's segments with new payload, or that acknowledge what the sender sent after the reset."""
    RSTS_AFTER = AFTER + 8
    """Further resets from the same address."""
    RSTS_EQUAL = AFTER + 9
    """Of them, with the same sequence number, as far as they follow each other."""
    RST_STEP = AFTER + 10
    """Sequence difference to the next reset from the same address."""
    RST_NEXT_TIME = AFTER + 11
    PEER_RSTS = AFTER + 12
    """Resets from the other end afterwards."""
    PEER_RST_TIME = AFTER + 13
    SYN_AFTER = AFTER + 14
    """Time of the SYN with which another connection took the same 4-tuple, 0 when none came."""
    CHALLENGED = AFTER + 15
    """Time of a bare ACK from the peer that repeats its last one (challenge ACK), 0 when none came."""
    NEXT_TTL = AFTER + 16
    """TTL of the next reset from the same address, -1 when none."""
    SENDER_AFTER_ID = AFTER + 17
    """IPv4 ID of the sender's next segment without RST, -1 when none."""
    SENDER_ACKED = AFTER + 18
    """Of the segments after this reset, those that acknowledge more than its sender had acknowledged at the reset."""
    COUNT = AFTER + 19


class Log(IntEnum):
    """One connection in the log of recent connections, which tells about a reset's neighbours."""

    STREAM = 0
    CLIENT_HI = 1
    CLIENT_LO = 2
    SERVER_HI = 3
    SERVER_LO = 4
    PORTS = 5
    T_FIRST = 6
    T_SYN = 7
    """First SYN, 0 when not captured."""
    T_SYNACK = 8
    T_END = 9
    """First FIN or RST, 0 before."""
    END = 10
    """`End`."""
    T_LAST = 11
    CLIENT_BYTES = 12
    SERVER_BYTES = 13
    SYN_PRINT = 14
    """SYN options << 16 | SYN window."""
    CLIENT_NXT = 15
    SERVER_NXT = 16
    CLIENT_TTL = 17
    SERVER_TTL = 18
    NAME = 19
    LOCAL = 20
    """Bit 0: the client's packets were captured on the client (`Dir.UNSUMMED`); bit 1: likewise the server's.
    Bit 2: the client gave its packets an IPv6 flow label; bit 3: likewise the server."""
    COUNT = 21


class End(IntFlag):
    """What ended a connection so far."""

    CLIENT_FIN = 1
    SERVER_FIN = 2
    CLIENT_RST = 4
    SERVER_RST = 8
    REFUSED = 16
    """The server's reset answered the SYN."""
    SERVER_FIRST = 32
    """The server's FIN came before the client's."""
    SERVER_ACTIVE = 64
    """The server's reset carried an acknowledgement in a synchronized connection."""


class Glob(IntEnum):
    """The tracker's own counters and list heads."""

    FREE = 0
    """First free slot that was used before, -1."""
    HIGH = 1
    """Slots used so far, ever."""
    LIVE = 2
    FINISHED = 3
    OLDEST = 4
    """First and last slot in the queue of finished connections, -1."""
    NEWEST = 5
    STREAMS = 6
    RESETS = 7
    FLUSHED = 8
    """Resets already judged."""
    EVICTED = 9
    HAND = 10
    """Where the search for an idle connection goes on."""
    COPIES = 11
    CUT = 12
    OFFLOAD = 13
    BAD_CHECKSUM = 14
    MISSING = 15
    BACKWARDS = 16
    LAST_TIME = 17
    NAMES = 18
    """Names found in this batch."""
    NO_HANDSHAKE = 19
    ONE_SIDED = 20
    CAPTURE = 21
    """Number of the capture file being read."""
    SEGMENTS = 22
    LINES = 23
    """Lines written to the log, ever."""
    FIRST_TIME = 24
    RELEASED = 25
    """Connections that left the table."""
    PROVEN = 26
    """Copies proved by an equal, non-zero IP ID."""
    COUNT = 27
