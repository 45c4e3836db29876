"""Conversations written as ladders, and what the tracker makes of them.

One line is one segment: who sends it, its flags, and what is not as usual:

    client >> SYN seq=100
    server >> SYN,ACK
    client >> ACK
    client >> PSH,ACK len=500 wait=0.2
    server >> RST

Sequence and acknowledgement numbers go on by themselves. A number given with a sign is added to the usual one
(`seq=-1` is a keep-alive probe), one without is taken as it is. `wait` is the time since the line before, in
seconds. Further words: `again` repeats the sender's latest segment, `lost` keeps the segment out of the capture
though its receiver got it, `aside` leaves both ends' numbers as they were (what a third party forges), and
`times=3` is three such lines.
"""

from __future__ import annotations

import numpy as np

from whyrst.connections import tracker as tracker_module
from whyrst.connections.states import State
from whyrst.connections.tracker import Tracker
from whyrst.fast import tracker as plain
from whyrst.fast.layout import Flag, Kind, Seg
from whyrst.fast.select import tracker as chosen
from whyrst.fast.tables import RING, SIDE, SIDES, WIDTH, Conn, Dir, Glob, Log, Ring, Rst, Use

IPV4 = 0xFFFF << 32
START = 1_780_000_000_000_000_000
ADDRESSES = {"client": (0, IPV4 | 0x0A000001), "server": (0, IPV4 | 0x0A000002)}
CELLS = {
    "win": Seg.WINDOW, "ttl": Seg.TTL, "id": Seg.IP_ID, "ts": Seg.TSVAL, "kind": Seg.KIND, "info": Seg.KIND_INFO,
    "wscale": Seg.WSCALE, "mss": Seg.MSS, "options": Seg.OPTIONS, "quality": Seg.QUALITY, "tos": Seg.TOS,
    "flow": Seg.FLOW, "mac": Seg.LINK_SRC, "have": Seg.PAYLOAD_HAVE, "at": Seg.PAYLOAD_AT, "frame": Seg.FRAME,
    "name_at": Seg.NAME_AT, "name_length": Seg.NAME_LENGTH,
}  # fmt: skip
USUAL = {
    Seg.WINDOW: 502, Seg.TTL: 64, Seg.FLOW: -1, Seg.TSVAL: -1, Seg.TSECR: -1, Seg.WSCALE: -1, Seg.MSS: -1,
    Seg.MPTCP: -1, Seg.MPTCP_REASON: -1, Seg.KIND_INFO: -1, Seg.LINK_SRC: -1, Seg.HEADER: 20, Seg.IP_FLAGS: 1,
}  # fmt: skip


class Ladder:
    """Writes ladders as segment rows; several one after the other share the clock and the frame numbers."""

    def __init__(self, ports=(40000, 80), addresses=ADDRESSES):
        self.rows = []
        self.time = START
        self.use(ports, addresses)

    def use(self, ports=(40000, 80), addresses=ADDRESSES):
        """Go on with another 4-tuple."""
        self.ports = dict(zip(("client", "server"), ports, strict=True))
        self.addresses = addresses
        self.nxt = {"client": 1000, "server": 5000}
        self.latest = {}

    def write(self, text):
        for line in text.strip().splitlines():
            sender, arrow, rest = line.strip().partition(" >> ")
            if not sender or sender.startswith("#"):
                continue
            assert arrow, line
            words = rest.split()
            marks = {word for word in words if "=" not in word and word in {"again", "lost", "aside"}}
            given = dict(word.split("=") for word in words if "=" in word)
            flags = next((w for w in words if "=" not in w and w not in marks), None)
            for _ in range(int(given.pop("times", 1))):
                self._segment(sender, flags, dict(given), marks)
        return self

    def _segment(self, sender, flags, given, marks):
        receiver = "server" if sender == "client" else "client"
        self.time += round(float(given.pop("wait", 0.001)) * 1e9)
        row = dict(USUAL)
        assert (flags is None) == ("again" in marks), "a line has flags, or repeats"
        if "again" in marks:
            row = dict(self.latest[sender])
        if flags is not None:
            bits = sum(Flag[name] for name in flags.split(",") if name != "none")
            row |= {Seg.FLAGS: bits, Seg.SEQ: self.nxt[sender], Seg.ACK: self.nxt[receiver] if bits & Flag.ACK else 0}
            row[Seg.LENGTH] = int(given.pop("len", 0))
        for word, cell in (("seq", Seg.SEQ), ("ack", Seg.ACK)):
            if word in given:
                value = given.pop(word)
                row[cell] = (int(value) + (row[cell] if value[0] in "+-" else 0)) & 0xFFFFFFFF
        for word, value in given.items():
            row[CELLS[word]] = int(Kind[value]) if word == "kind" and not value.isdigit() else int(value)
        (row[Seg.SRC_HI], row[Seg.SRC_LO]), row[Seg.SPORT] = self.addresses[sender], self.ports[sender]
        (row[Seg.DST_HI], row[Seg.DST_LO]), row[Seg.DPORT] = self.addresses[receiver], self.ports[receiver]
        row[Seg.TIME] = self.time
        if "aside" not in marks and not row[Seg.FLAGS] & Flag.RST:
            end = row[Seg.SEQ] + row[Seg.LENGTH] + (row[Seg.FLAGS] & 1) + (row[Seg.FLAGS] >> 1 & 1)
            opens = row[Seg.FLAGS] & Flag.SYN
            if "again" not in marks and (opens or (end - self.nxt[sender]) & 0xFFFFFFFF < 1 << 31):
                self.nxt[sender] = end & 0xFFFFFFFF
            self.latest[sender] = row
        if "lost" not in marks:
            self.rows.append({Seg.FRAME: len(self.rows) + 1} | row)

    def array(self):
        cells = np.zeros((len(self.rows), Seg.COUNT), dtype=np.int64)
        for i, row in enumerate(self.rows):
            for cell, value in row.items():
                cells[i, cell] = value
        return cells


class Cells:
    """Cells of a table by their names."""

    def __init__(self, names, cells):
        self._names, self._cells = names, cells

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return int(self._cells[self._names[name]])


class Seen:
    """What a tracker knows after a ladder."""

    def __init__(self, tracker, batches, rows):
        self.tracker = tracker
        self.rows = rows
        self.g = Cells(Glob, tracker.g)
        self.cells = np.concatenate(batches, axis=1) if batches else np.zeros((Rst.COUNT, 0), dtype=np.int64)
        self.resets = [Reset(column) for column in self.cells.T]
        self.table = tracker._table.reshape(-1, WIDTH)[: self.g.HIGH]

    @property
    def held(self):
        """Numbers of the connections in the table."""
        return sorted(int(row[Conn.STREAM]) for row in self.table if row[Conn.USED] != Use.FREE)

    def row(self, stream=-1):
        stream = self.g.STREAMS - 1 if stream < 0 else stream
        return next(row for row in self.table if row[Conn.STREAM] == stream and row[Conn.USED] != Use.FREE)

    def conn(self, stream=-1):
        return Cells(Conn, self.row(stream))

    def client(self, stream=-1):
        return Cells(Dir, self.row(stream)[SIDES:])

    def server(self, stream=-1):
        return Cells(Dir, self.row(stream)[SIDES + SIDE :])

    def repeats(self, side, stream=-1):
        """How many of a side's latest segments were repeats."""
        return self._marked(side, stream, 53)

    def probes(self, side, stream=-1):
        """How many of a side's latest segments were keep-alive probes."""
        return self._marked(side, stream, 54)

    def _marked(self, side, stream, bit):
        start = (SIDES if side == "client" else SIDES + SIDE) + Dir.COUNT
        row = self.row(stream)[start : start + RING * Ring.COUNT]
        kept = min(int(getattr(self, side)(stream).RING), RING)
        return sum(int(what) >> bit & 1 for what in row[Ring.WHAT :: Ring.COUNT][:kept])

    def states(self, stream=-1):
        return State(self.client(stream).STATE).name, State(self.server(stream).STATE).name

    def log(self, line):
        return Cells(Log, self.tracker.log[:, line % self.tracker.log.shape[1]])


class Reset:
    """Cells of one reset."""

    def __init__(self, column):
        self.own = Cells(Rst, column)
        self.segment = Cells(Seg, column)
        self.conn = Cells(Conn, column[Rst.CONN :])
        self.sender = Cells(Dir, column[Rst.SENDER :])
        self.peer = Cells(Dir, column[Rst.PEER :])

    @property
    def states(self):
        """Before the reset: its sender's, its receiver's."""
        return State(self.sender.STATE).name, State(self.peer.STATE).name

    @property
    def answers(self):
        """Frame that it answers, 0 when none."""
        return self.own.TRIGGER_WHAT >> 9 & 0x7FFFFFFF if self.own.TRIGGER else 0


def follow(rows, *, loops=chosen, buffer=b"", batch=None, limit=64, **sizes):
    """Let a tracker follow rows with these loops, so many at a time."""
    before, tracker_module.loop = tracker_module.loop, loops
    try:
        tracker = Tracker(limit=limit, **{"keep": 32, "pending": 64, "lines": 64, **sizes})
        batches = []
        rows = rows.copy()
        size = batch or max(len(rows), 1)
        for at in range(0, len(rows), size):
            part = rows[at : at + size]
            batches += [cells.copy() for cells in tracker.feed(part, len(part), buffer)]
        batches += [cells.copy() for cells in tracker.close()]
    finally:
        tracker_module.loop = before
    return Seen(tracker, batches, rows)


def assert_alike(one, other):
    """Both trackers hold the same in every cell."""
    assert (one.cells == other.cells).all() if one.cells.shape == other.cells.shape else False
    for name in ("g", "log", "_table", "_heads", "_seen"):
        assert (getattr(one.tracker, name) == getattr(other.tracker, name)).all(), name
    assert one.tracker.names == other.tracker.names
    assert (one.rows == other.rows).all()


def play(ladder, **options):
    """Follow a ladder; compiled and plain loops must agree in every cell."""
    rows = (ladder if isinstance(ladder, Ladder) else Ladder().write(ladder)).array()
    seen = follow(rows, **options)
    if chosen is not plain:
        assert_alike(seen, follow(rows, loops=plain, **options))
    return seen


SHAKE = """
client >> SYN seq=1000
server >> SYN,ACK
client >> ACK
"""
