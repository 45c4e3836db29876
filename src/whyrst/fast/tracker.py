# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Follows segments through the table of connections and records what is known at every reset.

This is the tracker's arithmetic only: states come from `connections.states`, cells from `fast.tables`.
What it decides itself: which connection a segment belongs to, what is new, repeated, a probe or a copy,
and which segment a reset answers. Bad input can make it conclude nonsense about a connection, but every
index stays within the arrays.
"""

from __future__ import annotations

import cython

from whyrst.fast.constants import EDITION

if not cython.compiled:
    from whyrst.fast.constants import *

if BUILT_FOR != EDITION:
    raise ImportError("the compiled loops are of another edition of fast/tables.py: compile them again")

if not cython.compiled:

    def prefetch(_place: object) -> None:
        """Have the processor fetch a line of memory; `compiled/tracker.pxd` tells the C compiler's name for it."""


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def ahead(a: cython.longlong, b: cython.longlong) -> cython.longlong:
    """Signed distance from sequence number b to a, RFC 9293 section 3.4."""
    d: cython.longlong = (a - b) & M32
    if d >= HALF:
        d -= WHOLE
    return d


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def bucket(
    alo: cython.longlong,
    ahi: cython.longlong,
    aport: cython.longlong,
    blo: cython.longlong,
    bhi: cython.longlong,
    bport: cython.longlong,
    mask: cython.longlong,
) -> cython.longlong:
    """Hash bucket of a 4-tuple, equal for both directions."""
    a: cython.ulonglong = ((alo ^ (ahi * 31)) + (aport << 32)) & M64
    b: cython.ulonglong = ((blo ^ (bhi * 31)) + (bport << 32)) & M64
    a = (a ^ (a >> 29)) & M64
    b = (b ^ (b >> 29)) & M64
    h: cython.ulonglong = (a + b) & M64
    h = (h * MIX_A) & M64
    h = h ^ ((a ^ b) & M64)
    h = (h * MIX_B) & M64
    return cython.cast(cython.longlong, (h >> 33)) & mask


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def unlink(t: cython.longlong[::1], heads: cython.longlong[::1], slot: cython.longlong) -> cython.void:
    """Take a slot out of its hash bucket."""
    at: cython.longlong
    b: cython.longlong = slot * WIDTH
    head: cython.longlong = t[b + C_BUCKET]
    if head < 0:
        return
    at = heads[head]
    if at == slot:
        heads[head] = t[b + C_NEXT]
        return
    while at >= 0:
        if t[at * WIDTH + C_NEXT] == slot:
            t[at * WIDTH + C_NEXT] = t[b + C_NEXT]
            return
        at = t[at * WIDTH + C_NEXT]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def write_log(
    t: cython.longlong[::1], log: cython.longlong[::1], g: cython.longlong[::1], slot: cython.longlong
) -> cython.void:
    """Bring a connection's line in the log up to date, if the log still holds it."""
    b: cython.longlong = slot * WIDTH
    whole: cython.longlong = log.shape[0] // L_COUNT
    size: cython.longlong = whole - PADDING
    line: cython.longlong = t[b + C_LOG]
    if line < g[G_LINES] - size:
        return
    at: cython.longlong = line % size
    a: cython.longlong = b + SIDE_A
    z: cython.longlong = b + SIDE_B
    end: cython.longlong = 0
    when: cython.longlong = 0
    log[L_STREAM * whole + at] = t[b + C_STREAM]
    log[L_CLIENT_HI * whole + at] = t[b + C_CLIENT_HI]
    log[L_CLIENT_LO * whole + at] = t[b + C_CLIENT_LO]
    log[L_SERVER_HI * whole + at] = t[b + C_SERVER_HI]
    log[L_SERVER_LO * whole + at] = t[b + C_SERVER_LO]
    log[L_PORTS * whole + at] = t[b + C_PORTS]
    log[L_T_FIRST * whole + at] = t[b + C_FIRST_TIME]
    log[L_T_SYN * whole + at] = t[b + C_T_SYN]
    log[L_T_SYNACK * whole + at] = t[b + C_T_SYNACK]
    log[L_T_LAST * whole + at] = t[b + C_LAST_TIME]
    log[L_CLIENT_BYTES * whole + at] = t[a + D_BYTES]
    log[L_SERVER_BYTES * whole + at] = t[z + D_BYTES]
    log[L_SYN_PRINT * whole + at] = t[a + D_SYN_OPTIONS] << 16 | (t[a + D_SYN_WINDOW] & 0xFFFF)
    log[L_CLIENT_NXT * whole + at] = t[a + D_NXT]
    log[L_SERVER_NXT * whole + at] = t[z + D_NXT]
    log[L_CLIENT_TTL * whole + at] = t[a + D_TTL]
    log[L_SERVER_TTL * whole + at] = t[z + D_TTL]
    log[L_NAME * whole + at] = t[b + C_NAME]
    log[L_LOCAL * whole + at] = (
        (1 if t[a + D_UNSUMMED] > 0 else 0)
        | (2 if t[z + D_UNSUMMED] > 0 else 0)
        | (4 if t[a + D_FLOW] > 0 else 0)
        | (8 if t[z + D_FLOW] > 0 else 0)
    )
    if t[a + D_FINS] > 0:
        end |= 1
        when = t[a + D_FIN_TIME]
    if t[z + D_FINS] > 0:
        end |= 2
        if when == 0 or t[z + D_FIN_TIME] < when:
            when = t[z + D_FIN_TIME]
            end |= 32
    if t[a + D_RSTS] > 0:
        end |= 4
    if t[z + D_RSTS] > 0:
        end |= 8
        if t[a + D_NXT] >= 0 and t[z + D_PACKETS] == 0:
            end |= 16
        if t[z + D_RST_ACK] != 0 and t[z + D_PACKETS] > 0:
            end |= 64
    if t[b + C_RESET_TIME] != 0 and (when == 0 or t[b + C_RESET_TIME] < when):
        when = t[b + C_RESET_TIME]
    log[L_T_END * whole + at] = when
    log[L_END * whole + at] = end


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def release(
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    slot: cython.longlong,
) -> cython.void:
    """Forget a connection: its line in the log stays."""
    b: cython.longlong = slot * WIDTH
    write_log(t, log, g, slot)
    if t[b + C_KNOWN] == 0 or t[b + SIDE_A + D_ISN] < 0:
        g[G_NO_HANDSHAKE] += 1
    if (
        t[b + SIDE_A + D_PACKETS] + t[b + SIDE_A + D_RSTS] == 0
        or t[b + SIDE_B + D_PACKETS] + t[b + SIDE_B + D_RSTS] == 0
    ) and t[b + C_PACKETS] > 3:
        g[G_ONE_SIDED] += 1
    unlink(t, heads, slot)
    g[G_RELEASED] += 1
    t[b + C_USED] = 0
    t[b + C_NEXT] = g[G_FREE]
    g[G_FREE] = slot


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def expire(
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    now: cython.longlong,
    keep: cython.longlong,
) -> cython.void:
    """Let the oldest finished connections go: those over the limit in number, or finished FINISHED_KEEP ago.

    One that spoke again after its end (a forged reset that nobody believed) is alive and leaves the queue, unless
    another connection has taken its place.
    """
    slot: cython.longlong
    b: cython.longlong
    while g[G_OLDEST] >= 0:
        slot = g[G_OLDEST]
        b = slot * WIDTH
        if g[G_FINISHED] <= keep and now - t[b + C_FINISHED] < FINISHED_KEEP:
            return
        g[G_OLDEST] = t[b + C_QUEUE]
        if g[G_OLDEST] < 0:
            g[G_NEWEST] = -1
        g[G_FINISHED] -= 1
        if (
            t[b + C_BUCKET] >= 0
            and t[b + C_LAST_TIME] > t[b + C_FINISHED] + STILL_ALIVE
            and now - t[b + C_LAST_TIME] < FINISHED_KEEP
        ):
            t[b + C_USED] = 1
            t[b + C_FINISHED] = 0
            g[G_LIVE] += 1
        else:
            release(t, heads, log, g, slot)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def finish(
    t: cython.longlong[::1],
    g: cython.longlong[::1],
    slot: cython.longlong,
    now: cython.longlong,
) -> cython.void:
    """Queue a connection as finished."""
    b: cython.longlong = slot * WIDTH
    if t[b + C_USED] == 2:
        return
    t[b + C_USED] = 2
    t[b + C_FINISHED] = now
    t[b + C_QUEUE] = -1
    if g[G_NEWEST] >= 0:
        t[g[G_NEWEST] * WIDTH + C_QUEUE] = slot
    else:
        g[G_OLDEST] = slot
    g[G_NEWEST] = slot
    g[G_LIVE] -= 1
    g[G_FINISHED] += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def take_slot(
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    now: cython.longlong,
) -> cython.longlong:
    """A free slot; when there is none, that of the longest idle of the next 64 live connections."""
    slot: cython.longlong = g[G_FREE]
    size: cython.longlong = t.shape[0] // WIDTH
    if slot >= 0:
        g[G_FREE] = t[slot * WIDTH + C_NEXT]
        return slot
    if g[G_HIGH] < size:
        slot = g[G_HIGH]
        g[G_HIGH] += 1
        return slot
    if g[G_FINISHED] > 0:
        expire(t, heads, log, g, now, g[G_FINISHED] - 1)
        if g[G_FREE] >= 0:
            slot = g[G_FREE]
            g[G_FREE] = t[slot * WIDTH + C_NEXT]
            return slot
    best: cython.longlong = -1
    tried: cython.longlong = 0
    hand: cython.longlong = g[G_HAND]
    while tried < 64 or best < 0:
        hand += 1
        if hand >= size:
            hand = 0
        tried += 1
        if t[hand * WIDTH + C_USED] != 1:
            if tried > size:
                break
            continue
        if best < 0 or t[hand * WIDTH + C_LAST_TIME] < t[best * WIDTH + C_LAST_TIME]:
            best = hand
    g[G_HAND] = hand
    g[G_EVICTED] += 1
    g[G_LIVE] -= 1
    release(t, heads, log, g, best)
    slot = g[G_FREE]
    g[G_FREE] = t[slot * WIDTH + C_NEXT]
    return slot


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def clear(t: cython.longlong[::1], b: cython.longlong) -> cython.void:
    """An empty row: 0 for times, counts and frames, -1 for what is unknown. An empty ring needs no clearing."""
    i: cython.Py_ssize_t
    d: cython.longlong
    side: cython.longlong
    for i in range(C_COUNT):
        t[b + i] = 0
    t[b + C_RESET_LAST] = -1
    t[b + C_DATA_SIDE] = -1
    t[b + C_FOREIGN_ACK] = -1
    t[b + C_OLD_STREAM] = -1
    t[b + C_OLD_CLIENT_NXT] = -1
    t[b + C_OLD_ISN] = -1
    for side in range(2):
        d = b + SIDE_A + side * SIDE
        for i in range(D_COUNT):
            t[d + i] = 0
        t[d + D_NXT] = -1
        t[d + D_ACKED] = -1
        t[d + D_ACK_SENT] = -1
        t[d + D_WINDOW] = -1
        t[d + D_WINDOW_MAX] = -1
        t[d + D_SHIFT] = -1
        t[d + D_EDGE] = -1
        t[d + D_EDGE_ACK] = -1
        t[d + D_RETRANS_SEQ] = -1
        t[d + D_FIN_SEQ] = -1
        t[d + D_ISN] = -1
        t[d + D_SYN_TTL] = -1
        t[d + D_SYN_ID] = -1
        t[d + D_SYN_OPTIONS] = -1
        t[d + D_SYN_WINDOW] = -1
        t[d + D_WSCALE] = -1
        t[d + D_TTL] = -1
        t[d + D_TTL_MIN] = -1
        t[d + D_TTL_MAX] = -1
        t[d + D_ID] = -1
        t[d + D_FLOW] = -1
        t[d + D_LINK] = -1
        t[d + D_TS_LAST] = -1
        t[d + D_ALERT] = -1
        t[d + D_STATUS] = -1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def remember_old(t: cython.longlong[::1], b: cython.longlong, o: cython.longlong, swapped: cython.bint) -> cython.void:
    """Note in a new connection at b what is known of the one at o, which used the same 4-tuple.

    swapped: the old one's client is the new one's server.
    """
    oc: cython.longlong = o + (SIDE_B if swapped else SIDE_A)
    os: cython.longlong = o + (SIDE_A if swapped else SIDE_B)
    t[b + C_OLD_STREAM] = t[o + C_STREAM]
    t[b + C_OLD_FINS] = 0
    if t[oc + D_FINS] > 0:
        t[b + C_OLD_FINS] |= 1
    if t[os + D_FINS] > 0:
        t[b + C_OLD_FINS] |= 2
    if t[o + C_RESETS] > 0:
        t[b + C_OLD_FINS] |= 4
    t[b + C_OLD_CLIENT_NXT] = t[oc + D_NXT]
    t[b + C_OLD_ISN] = t[oc + D_ISN]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_copy(
    t: cython.longlong[::1],
    g: cython.longlong[::1],
    b: cython.longlong,
    d: cython.longlong,
    seq: cython.longlong,
    ack: cython.longlong,
    wanted: cython.longlong,
    ip_id: cython.longlong,
    ttl: cython.longlong,
    time: cython.longlong,
) -> cython.longlong:
    """Whether a segment is one more copy of a packet in the ring of its direction.

    2: proved by an equal IP ID (stacks count it up for every packet that may be fragmented, and routers and
    mirrors keep it), or by a TTL that is one lower, as behind a router whose interfaces were captured together,
    since a host's own repeat keeps it (RFC 1812 section 5.3.1). 1: equal in all that TCP sends, in a connection,
    or a capture, that shows every packet twice. 0: no. Resets without an ID need that company, because a host
    answers each of several segments with an equal reset (RFC 9293 section 3.5.2).
    """
    i: cython.longlong
    at: cython.longlong
    passed: cython.longlong
    n: cython.longlong = t[d + D_RING]
    looked: cython.longlong = 4 if n > 4 else n
    for i in range(looked):
        at = d + D_COUNT + ((n - 1 - i) & LAST_IN_RING) * R_COUNT
        passed = time - t[at + R_TIME]
        if passed < 0:
            passed = -passed
        if passed > COPY_WITHIN:
            return 0
        if t[at + R_SEQ] != seq or (t[at + R_ACK] & M32) != ack or (t[at + R_WHAT] & 0x1FF) != wanted:
            continue
        if (t[at + R_ACK] >> 40) != ip_id + 1:
            continue
        if ip_id > 0:
            return 2
        if (wanted & 0x04) == 0 and ttl > 0 and ((t[at + R_ACK] >> 32) & 0xFF) == ttl + 1:
            return 2
        if (wanted & 0x04) == 0 and passed < COPY_AT_ONCE and ((seq >> 32) > 0 or (wanted & 0x02) != 0):
            return 2
        if t[b + C_COPIES] * 3 >= t[b + C_PACKETS] or g[G_PROVEN] * 3 >= g[G_SEGMENTS] - g[G_PROVEN]:
            if t[b + C_COPIES] > 0 or g[G_PROVEN] > 0:
                return 1
    return 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def find_trigger(
    t: cython.longlong[::1],
    p: cython.longlong,
    x: cython.longlong[::1],
    r: cython.longlong,
    size: cython.longlong,
    seq: cython.longlong,
    ack: cython.longlong,
    flags: cython.longlong,
) -> cython.void:
    """The most recent segment of the peer (direction at p) that a reset fits, into row r of the resets.

    RFC 9293 section 3.5.2: a segment with ACK is answered with SEQ = SEG.ACK, one without with
    ACK = SEG.SEQ + SEG.LEN. Stacks that send RST,ACK for both are found by either.
    """
    i: cython.longlong
    at: cython.longlong
    fits: cython.longlong
    bits: cython.longlong
    n: cython.longlong = t[p + D_RING]
    found: cython.longlong = 0
    looked: cython.longlong = RING if n > RING else n
    for i in range(looked):
        at = p + D_COUNT + ((n - 1 - i) & LAST_IN_RING) * R_COUNT
        bits = t[at + R_WHAT]
        fits = 0
        if (bits & 0x10) != 0 and (t[at + R_ACK] & M32) == seq:
            fits = 1
        if (flags & 0x10) != 0:
            if ack == ((t[at + R_SEQ] & M32) + (t[at + R_SEQ] >> 32) + (bits & 1) + ((bits >> 1) & 1)) & M32:
                fits |= 2
            elif seq == 0:
                fits = 0
        if fits == 0:
            continue
        if found == 0:
            x[X_TRIGGER * size + r] = fits
            x[X_TRIGGER_TIME * size + r] = t[at + R_TIME]
            x[X_TRIGGER_WHAT * size + r] = bits
            x[X_TRIGGER_SEQ * size + r] = t[at + R_SEQ]
            x[X_TRIGGER_ACK * size + r] = t[at + R_ACK]
            x[X_TRIGGER_GAP * size + r] = t[at + R_GAP]
        found += 1
    x[X_FITTING * size + r] = found


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def record_reset(
    t: cython.longlong[::1],
    x: cython.longlong[::1],
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    g: cython.longlong[::1],
    b: cython.longlong,
    side: cython.longlong,
) -> cython.void:
    """Copy all that is known at a reset into the next row of the resets."""
    k: cython.Py_ssize_t
    size: cython.longlong = x.shape[0] // X_COUNT
    ring: cython.longlong = size - PADDING
    n: cython.longlong = g[G_RESETS]
    r: cython.longlong = n % ring
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    for k in range(S_COUNT):
        x[k * size + r] = rows[o + k]
    for k in range(C_COUNT):
        x[(X_CONN + k) * size + r] = t[b + k]
    for k in range(D_COUNT):
        x[(X_SENDER + k) * size + r] = t[d + k]
        x[(X_PEER + k) * size + r] = t[p + k]
    for k in range(X_OWN, X_COUNT):
        x[k * size + r] = 0
    x[X_SIDE * size + r] = side
    x[X_ORDINAL * size + r] = n
    x[X_NUMBER * size + r] = t[b + C_RESETS] + 1
    x[X_PREVIOUS * size + r] = t[b + C_RESET_LAST]
    x[X_CAPTURE * size + r] = g[G_CAPTURE]
    x[X_NEXT_TTL * size + r] = -1
    x[X_SENDER_AFTER_ID * size + r] = -1
    find_trigger(t, p, x, r, size, rows[o + S_SEQ], rows[o + S_ACK], rows[o + S_FLAGS])
    previous: cython.longlong = t[b + C_RESET_LAST]
    if previous >= 0 and previous >= g[G_FLUSHED]:
        note_reset_after(x, rows, o, size, previous % ring, side)
        # The latest of the same end may lie behind resets of the other one; each of those is passed once.
        while previous >= g[G_FLUSHED] and x[X_SIDE * size + previous % ring] != side:
            previous = x[X_PREVIOUS * size + previous % ring]
        if previous >= g[G_FLUSHED]:
            k = previous % ring
            x[X_RST_STEP * size + k] = ahead(rows[o + S_SEQ], x[S_SEQ * size + k])
            x[X_RST_NEXT_TIME * size + k] = rows[o + S_TIME]
            x[X_NEXT_TTL * size + k] = rows[o + S_TTL]
    g[G_RESETS] = n + 1
    t[b + C_RESET_LAST] = n
    t[b + C_RESETS] += 1
    if t[b + C_RESET_TIME] == 0:
        t[b + C_RESET_TIME] = rows[o + S_TIME]
    t[d + D_RSTS] += 1
    t[d + D_RST_SEQ] = rows[o + S_SEQ]
    t[d + D_RST_ACK] = rows[o + S_ACK] if (rows[o + S_FLAGS] & 0x10) != 0 else 0
    t[d + D_RST_TIME] = rows[o + S_TIME]
    t[d + D_RST_FRAME] = rows[o + S_FRAME]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fetch_bucket(
    rows: cython.longlong[::1],
    i: cython.Py_ssize_t,
    heads: cython.longlong[::1],
    near: cython.longlong[::1],
) -> cython.void:
    """Note the bucket of a segment that comes soon, and have the processor fetch it."""
    o: cython.Py_ssize_t = i * S_COUNT
    head: cython.longlong = bucket(
        rows[o + S_SRC_LO], rows[o + S_SRC_HI], rows[o + S_SPORT],
        rows[o + S_DST_LO], rows[o + S_DST_HI], rows[o + S_DPORT], heads.shape[0] - 1,
    )  # fmt: skip
    near[i & NEAR] = head
    if cython.compiled:
        prefetch(cython.address(heads[head]))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fetch_row(t: cython.longlong[::1], slot: cython.longlong) -> cython.void:
    """Have the processor fetch a connection, as far as an ordinary segment touches it."""
    i: cython.longlong
    b: cython.longlong = slot * WIDTH
    if cython.compiled and slot >= 0:
        for i in range(0, 24, 8):
            prefetch(cython.address(t[b + i]))
        for i in range(0, 40, 8):
            prefetch(cython.address(t[b + SIDE_A + i]))
            prefetch(cython.address(t[b + SIDE_B + i]))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def note_reset_after(
    x: cython.longlong[::1],
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    size: cython.longlong,
    r: cython.longlong,
    side: cython.longlong,
) -> cython.void:
    """Tell the reset in row r that another one followed it directly."""
    if x[X_SIDE * size + r] == side:
        x[X_RSTS_AFTER * size + r] += 1
        if rows[o + S_SEQ] == x[S_SEQ * size + r]:
            x[X_RSTS_EQUAL * size + r] += 1
    else:
        x[X_PEER_RSTS * size + r] += 1
        if x[X_PEER_RST_TIME * size + r] == 0:
            x[X_PEER_RST_TIME * size + r] = rows[o + S_TIME]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def note_after(
    t: cython.longlong[::1],
    x: cython.longlong[::1],
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    b: cython.longlong,
    side: cython.longlong,
    g: cython.longlong[::1],
) -> cython.void:
    """Tell the connection's latest reset that a segment without RST followed it."""
    size: cython.longlong = x.shape[0] // X_COUNT
    n: cython.longlong = t[b + C_RESET_LAST]
    if n < g[G_FLUSHED]:
        return
    r: cython.longlong = n % (size - PADDING)
    flags: cython.longlong = rows[o + S_FLAGS]
    end: cython.longlong = (rows[o + S_SEQ] + rows[o + S_LENGTH] + (flags & 1) + ((flags >> 1) & 1)) & M32
    new: cython.longlong = 0
    if x[X_SIDE * size + r] == side:
        if x[(X_SENDER + D_NXT) * size + r] < 0 or ahead(end, x[(X_SENDER + D_NXT) * size + r]) > 0:
            new = 1
        if (
            (flags & 0x10) != 0
            and x[(X_SENDER + D_ACK_SENT) * size + r] >= 0
            and ahead(rows[o + S_ACK], x[(X_SENDER + D_ACK_SENT) * size + r]) > 0
        ):
            new = 1
            x[X_SENDER_ACKED * size + r] += 1
        x[X_SENDER_AFTER * size + r] += 1
        x[X_SENDER_NEW * size + r] += new
        if x[X_SENDER_AFTER_TIME * size + r] == 0:
            x[X_SENDER_AFTER_TIME * size + r] = rows[o + S_TIME]
            x[X_SENDER_AFTER_FRAME * size + r] = rows[o + S_FRAME]
            x[X_SENDER_AFTER_ID * size + r] = rows[o + S_IP_ID]
    else:
        if x[(X_PEER + D_NXT) * size + r] < 0 or ahead(end, x[(X_PEER + D_NXT) * size + r]) > 0:
            new = 1
        elif (
            (flags & 0x10) != 0
            and x[(X_SENDER + D_NXT) * size + r] >= 0
            and ahead(rows[o + S_ACK], x[(X_SENDER + D_NXT) * size + r]) > 0
        ):
            new = 1
        elif (
            rows[o + S_LENGTH] == 0
            and (flags & 0x17) == 0x10
            and x[X_CHALLENGED * size + r] == 0
            and rows[o + S_ACK] == x[(X_PEER + D_ACK_SENT) * size + r]
        ):
            x[X_CHALLENGED * size + r] = rows[o + S_TIME]
        x[X_PEER_AFTER * size + r] += 1
        x[X_PEER_NEW * size + r] += new
        if x[X_PEER_AFTER_TIME * size + r] == 0:
            x[X_PEER_AFTER_TIME * size + r] = rows[o + S_TIME]
            x[X_PEER_AFTER_FRAME * size + r] = rows[o + S_FRAME]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def count_segment(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    g: cython.longlong[::1],
    time: cython.longlong,
) -> cython.void:
    """Count a segment, and what is wrong with it."""
    quality: cython.longlong = rows[o + S_QUALITY]
    if time < g[G_LAST_TIME]:
        g[G_BACKWARDS] += 1
    else:
        g[G_LAST_TIME] = time
    g[G_SEGMENTS] += 1
    if quality != 0:
        if (quality & 0x01) != 0:
            g[G_CUT] += 1
        if (quality & 0x06) != 0:
            g[G_OFFLOAD] += 1
        if (quality & 0x08) != 0:
            g[G_BAD_CHECKSUM] += 1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def find(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    slot: cython.longlong,
) -> cython.longlong:
    """A segment's connection among those of its bucket, from `slot` on: slot << 1 | side of its sender, -1 if none."""
    b: cython.longlong
    shi: cython.longlong = rows[o + S_SRC_HI]
    slo: cython.longlong = rows[o + S_SRC_LO]
    dhi: cython.longlong = rows[o + S_DST_HI]
    dlo: cython.longlong = rows[o + S_DST_LO]
    forth: cython.longlong = rows[o + S_SPORT] << 16 | rows[o + S_DPORT]
    back: cython.longlong = rows[o + S_DPORT] << 16 | rows[o + S_SPORT]
    while slot >= 0:
        b = slot * WIDTH
        if (
            t[b + C_PORTS] == forth
            and t[b + C_CLIENT_LO] == slo
            and t[b + C_SERVER_LO] == dlo
            and t[b + C_CLIENT_HI] == shi
            and t[b + C_SERVER_HI] == dhi
        ):
            return slot << 1
        if (
            t[b + C_PORTS] == back
            and t[b + C_CLIENT_LO] == dlo
            and t[b + C_SERVER_LO] == slo
            and t[b + C_CLIENT_HI] == dhi
            and t[b + C_SERVER_HI] == shi
        ):
            return slot << 1 | 1
        slot = t[b + C_NEXT]
    return -1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def begins_anew(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    b: cython.longlong,
    side: cython.longlong,
) -> cython.bint:
    """Whether a segment of the connection at b begins another one with the same 4-tuple.

    A SYN with another initial sequence number does (Wireshark splits there too); with the same one it is the same
    attempt again: Windows repeats a refused SYN. So does a SYN-ACK after the end, with a number of its own: the SYN of
    a new connection was not captured.
    """
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    flags: cython.longlong = rows[o + S_FLAGS]
    seq: cython.longlong = rows[o + S_SEQ]
    if (flags & 0x16) == 0x02:
        if t[p + D_ISN] >= 0 and t[d + D_NXT] < 0 and t[p + D_PACKETS] > 0 and t[d + D_PACKETS] == 0:
            return False
        if t[d + D_ISN] >= 0:
            return t[d + D_ISN] != seq
        if t[d + D_NXT] >= 0:
            return t[d + D_NXT] != (seq + 1) & M32
        return t[p + D_ISN] < 0 and t[b + C_PACKETS] > 0
    return (
        (flags & 0x16) == 0x12
        and t[b + C_USED] == 2
        and t[d + D_ISN] >= 0
        and t[d + D_ISN] != seq
        and t[b + C_T_SYNACK] > 0
        and rows[o + S_TIME] - t[b + C_FINISHED] > SECOND
    )


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def give_way(
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    x: cython.longlong[::1],
    g: cython.longlong[::1],
    slot: cython.longlong,
    time: cython.longlong,
) -> cython.void:
    """Take a connection out of the hash table, for another one has its 4-tuple; the queue releases its slot later."""
    size: cython.longlong = x.shape[0] // X_COUNT
    last: cython.longlong = t[slot * WIDTH + C_RESET_LAST]
    at: cython.longlong
    if last >= g[G_FLUSHED]:
        at = X_SYN_AFTER * size + last % (size - PADDING)
        if x[at] == 0:
            x[at] = time
    if t[slot * WIDTH + C_USED] == 1:
        finish(t, g, slot, time)
    unlink(t, heads, slot)
    t[slot * WIDTH + C_BUCKET] = -1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def client_side(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
) -> cython.longlong:
    """Which side the sender of a connection's first captured segment is on: 0 the client's, 1 the server's."""
    flags: cython.longlong = rows[o + S_FLAGS]
    sport: cython.longlong = rows[o + S_SPORT]
    dport: cython.longlong = rows[o + S_DPORT]
    if (flags & 0x02) != 0:
        return 1 if (flags & 0x10) != 0 else 0
    return 1 if sport < dport and (sport < 1024 or dport >= 32768 or dport - sport > 1000) else 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add_connection(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    bucket_of: cython.longlong,
    old: cython.longlong,
) -> cython.longlong:
    """A row for the connection that a segment begins.

    old: the connection that used the same 4-tuple before, -1 if none is known.

    Returns: slot << 1 | side of the sender.
    """
    time: cython.longlong = rows[o + S_TIME]
    sport: cython.longlong = rows[o + S_SPORT]
    dport: cython.longlong = rows[o + S_DPORT]
    slot: cython.longlong = take_slot(t, heads, log, g, time)
    b: cython.longlong = slot * WIDTH
    side: cython.longlong = client_side(rows, o)
    swapped: cython.bint
    clear(t, b)
    if (rows[o + S_FLAGS] & 0x02) != 0:
        t[b + C_KNOWN] = 1
    if side == 0:
        t[b + C_CLIENT_HI] = rows[o + S_SRC_HI]
        t[b + C_CLIENT_LO] = rows[o + S_SRC_LO]
        t[b + C_SERVER_HI] = rows[o + S_DST_HI]
        t[b + C_SERVER_LO] = rows[o + S_DST_LO]
        t[b + C_PORTS] = sport << 16 | dport
    else:
        t[b + C_CLIENT_HI] = rows[o + S_DST_HI]
        t[b + C_CLIENT_LO] = rows[o + S_DST_LO]
        t[b + C_SERVER_HI] = rows[o + S_SRC_HI]
        t[b + C_SERVER_LO] = rows[o + S_SRC_LO]
        t[b + C_PORTS] = dport << 16 | sport
    # When the table is full, what was known of the old connection may have had to go.
    if old >= 0 and slot != old:
        swapped = t[old * WIDTH + C_PORTS] != t[b + C_PORTS] or t[old * WIDTH + C_CLIENT_LO] != t[b + C_CLIENT_LO]
        remember_old(t, b, old * WIDTH, swapped)
    t[b + C_NEXT] = heads[bucket_of]
    heads[bucket_of] = slot
    t[b + C_BUCKET] = bucket_of
    t[b + C_USED] = 1
    t[b + C_STREAM] = g[G_STREAMS]
    g[G_STREAMS] += 1
    g[G_LIVE] += 1
    t[b + C_LOG] = g[G_LINES]
    g[G_LINES] += 1
    t[b + C_FIRST_TIME] = time
    t[b + C_LAST_TIME] = time
    t[b + C_TUNNEL] = rows[o + S_TUNNEL]
    return slot << 1 | side


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def passes_over(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    x: cython.longlong[::1],
    g: cython.longlong[::1],
    b: cython.longlong,
    d: cython.longlong,
) -> cython.bint:
    """Whether a segment is one more copy of a packet that was seen: counted, and no evidence of anything."""
    size: cython.longlong = x.shape[0] // X_COUNT
    flags: cython.longlong = rows[o + S_FLAGS]
    copy: cython.longlong
    if t[d + D_RING] == 0:
        return False
    copy = is_copy(
        t, g, b, d, rows[o + S_SEQ] | rows[o + S_LENGTH] << 32, rows[o + S_ACK], flags, rows[o + S_IP_ID],
        rows[o + S_TTL], rows[o + S_TIME],
    )  # fmt: skip
    if copy == 0:
        return False
    t[b + C_COPIES] += 1
    g[G_COPIES] += 1
    if copy == 2:
        g[G_PROVEN] += 1
    rows[o + S_QUALITY] |= 0x40
    if (flags & 0x04) != 0 and t[b + C_RESET_LAST] >= g[G_FLUSHED]:
        x[X_COPIES * size + t[b + C_RESET_LAST] % (size - PADDING)] += 1
    return True


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_acknowledged(
    t: cython.longlong[::1],
    p: cython.longlong,
    time: cython.longlong,
    frame: cython.longlong,
    ack: cython.longlong,
) -> cython.void:
    """The peer's bytes up to `ack` arrived: note when, and what that tells of its segments and the round trip."""
    if t[p + D_ACKED] >= 0 or t[p + D_ISN] >= 0:
        t[p + D_ACKED_TIME] = time
        t[p + D_ACKED_FRAME] = frame
        if ack == t[p + D_NXT]:
            if t[p + D_NEW_LENGTH] > t[p + D_ACKED_MAX]:
                t[p + D_ACKED_MAX] = t[p + D_NEW_LENGTH]
            if t[p + D_RETRANS] == 0 and t[p + D_NEW_TIME] > 0 and time > t[p + D_NEW_TIME]:
                if t[p + D_RTT] == 0 or time - t[p + D_NEW_TIME] < t[p + D_RTT]:
                    t[p + D_RTT] = time - t[p + D_NEW_TIME]
    t[p + D_ACKED] = ack
    if t[p + D_RETRANS] > 0 and ahead(ack, t[p + D_RETRANS_SEQ]) > 0:
        t[p + D_RETRANS] = 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_ack(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    g: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    b: cython.longlong,
    side: cython.longlong,
) -> cython.void:
    """What the sender of a segment acknowledges."""
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    ns: cython.longlong = len(moves) // STATES
    time: cython.longlong = rows[o + S_TIME]
    flags: cython.longlong = rows[o + S_FLAGS]
    ack: cython.longlong = rows[o + S_ACK]
    adv: cython.longlong = ahead(ack, t[p + D_NXT]) if t[p + D_NXT] >= 0 else 0
    if (
        (flags & 0x02) == 0
        and t[p + D_ISN] >= 0
        and t[d + D_ISN] < 0
        and t[p + D_PACKETS] == t[p + D_SYNS]
        and (ack != (t[p + D_ISN] + 1) & M32 and side == 1)
    ):
        # The SYN was answered by a bare ACK of other numbers: an old connection lives there.
        if t[b + C_FOREIGN_ACK] < 0:
            t[b + C_FOREIGN_ACK] = ack
            t[b + C_FOREIGN_FRAME] = rows[o + S_FRAME]
    elif not (adv > 0 and (adv >= FAR or (flags & 0x02) != 0)):
        if adv > 0:
            # Acknowledged but never seen: the capture lost it.
            t[b + C_MISSING] += 1
            g[G_MISSING] += 1
            t[p + D_NXT] = ack
        elif t[p + D_NXT] < 0:
            t[p + D_NXT] = ack
        if t[p + D_ACKED] < 0 or ahead(ack, t[p + D_ACKED]) > 0:
            take_acknowledged(t, p, time, rows[o + S_FRAME], ack)
    if t[p + D_STATE] == SYN_RECEIVED and t[p + D_ISN] >= 0 and ack == (t[p + D_ISN] + 1) & M32:
        t[p + D_STATE] = moves[SYN_RECEIVED * ns + 4]
        if t[b + C_T_ACK] == 0 and side == 0:
            t[b + C_T_ACK] = time
    if t[p + D_FIN_SEQ] >= 0 and ahead(ack, t[p + D_FIN_SEQ]) > 0:
        t[p + D_STATE] = moves[t[p + D_STATE] * ns + 7]
    if t[d + D_ACK_SENT] < 0 or ahead(ack, t[d + D_ACK_SENT]) > 0:
        t[d + D_ACK_SENT] = ack


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_syn(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    b: cython.longlong,
    side: cython.longlong,
) -> cython.void:
    """A SYN or SYN-ACK: what its sender begins with."""
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    ns: cython.longlong = len(moves) // STATES
    time: cython.longlong = rows[o + S_TIME]
    if t[d + D_ISN] < 0:
        t[d + D_ISN] = rows[o + S_SEQ]
        t[d + D_SYN_FRAME] = rows[o + S_FRAME]
        t[d + D_SYN_OPTIONS] = rows[o + S_OPTIONS]
        t[d + D_SYN_WINDOW] = rows[o + S_WINDOW]
        t[d + D_SYN_TTL] = rows[o + S_TTL]
        t[d + D_SYN_ID] = rows[o + S_IP_ID]
        t[d + D_WSCALE] = rows[o + S_WSCALE]
    t[d + D_SYN_LAST] = time
    t[d + D_SYNS] += 1
    t[b + C_KNOWN] = 1
    if (rows[o + S_FLAGS] & 0x10) == 0:
        if side == 0 and t[b + C_T_SYN] == 0:
            t[b + C_T_SYN] = time
        t[d + D_STATE] = moves[t[d + D_STATE] * ns + 0]
        t[p + D_STATE] = moves[t[p + D_STATE] * ns + 1]
        return
    if t[b + C_T_SYNACK] == 0:
        t[b + C_T_SYNACK] = time
    t[d + D_STATE] = moves[t[d + D_STATE] * ns + 2]
    t[p + D_STATE] = moves[t[p + D_STATE] * ns + 3]
    # RFC 7323 section 2.2: the scale counts only when both SYNs carried it.
    if t[p + D_ISN] >= 0:
        if t[d + D_WSCALE] >= 0 and t[p + D_WSCALE] >= 0:
            t[d + D_SHIFT] = t[d + D_WSCALE] if t[d + D_WSCALE] < 15 else 14
            t[p + D_SHIFT] = t[p + D_WSCALE] if t[p + D_WSCALE] < 15 else 14
        else:
            t[d + D_SHIFT] = 0
            t[p + D_SHIFT] = 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_synchronized(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    b: cython.longlong,
    d: cython.longlong,
    p: cython.longlong,
) -> cython.void:
    """The states of both ends, when a segment without SYN is the first to show that they are synchronized."""
    ns: cython.longlong = len(moves) // STATES
    flags: cython.longlong = rows[o + S_FLAGS]
    if t[d + D_STATE] == SYN_SENT and (flags & 0x10) != 0:
        # The SYN-ACK was not captured: only who got it acknowledges.
        t[d + D_STATE] = moves[SYN_SENT * ns + 10]
        t[p + D_STATE] = moves[t[p + D_STATE] * ns + 10]
    elif t[d + D_STATE] == 0 and t[d + D_ISN] < 0 and t[d + D_FINS] == 0 and (flags & 0x11) != 0:
        # Middle of a conversation: both ends must have been synchronized.
        if t[b + C_KNOWN] == 0 or t[p + D_STATE] > SYN_SENT or (t[d + D_PACKETS] > 0 and t[b + C_FOREIGN_ACK] < 0):
            t[d + D_STATE] = moves[t[d + D_STATE] * ns + 10]
            t[p + D_STATE] = moves[t[p + D_STATE] * ns + 10]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_window(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
) -> cython.void:
    """The window that the sender of a segment without SYN offers."""
    win: cython.longlong = rows[o + S_WINDOW]
    edge: cython.longlong
    if win != t[d + D_WINDOW]:
        if win > t[d + D_WINDOW] and t[d + D_WINDOW] >= 0:
            t[d + D_WINDOW_TIME] = rows[o + S_TIME]
        t[d + D_WINDOW] = win
        if win > t[d + D_WINDOW_MAX]:
            t[d + D_WINDOW_MAX] = win
    if win == 0:
        if t[d + D_ZERO_SINCE] == 0:
            t[d + D_ZERO_SINCE] = rows[o + S_TIME]
            t[d + D_ZERO_FRAME] = rows[o + S_FRAME]
            t[d + D_ZERO_ACKS] = 0
        else:
            t[d + D_ZERO_ACKS] += 1
    elif t[d + D_ZERO_SINCE] != 0:
        t[d + D_ZERO_SINCE] = 0
    if t[d + D_SHIFT] >= 0 and (rows[o + S_FLAGS] & 0x10) != 0:
        edge = (rows[o + S_ACK] + (win << t[d + D_SHIFT])) & M32
        if t[d + D_EDGE] < 0 or ahead(edge, t[d + D_EDGE]) > 0:
            t[d + D_EDGE] = edge
            t[d + D_EDGE_ACK] = rows[o + S_ACK]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def advance(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
    end: cython.longlong,
) -> cython.longlong:
    """How far a segment with data, SYN or FIN goes beyond what its sender had sent; a gap between is counted."""
    flags: cython.longlong = rows[o + S_FLAGS]
    seq: cython.longlong = rows[o + S_SEQ]
    adv: cython.longlong
    if (
        t[d + D_NXT] < 0
        or (t[d + D_PACKETS] == 0 and t[d + D_ISN] < 0)
        or (t[d + D_ISN] == seq and (flags & 0x02) != 0 and t[d + D_SYNS] == 1)
    ):
        if t[d + D_NXT] >= 0 and (flags & 0x02) == 0:
            return ahead(end, t[d + D_NXT])
        return rows[o + S_LENGTH] + 1
    adv = ahead(end, t[d + D_NXT])
    if adv > 0 and ahead(seq, t[d + D_NXT]) > 0 and (flags & 0x02) == 0:
        t[d + D_HOLES] += 1
    return adv


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_new(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    b: cython.longlong,
    d: cython.longlong,
    side: cython.longlong,
    end: cython.longlong,
    adv: cython.longlong,
    gap: cython.longlong,
) -> cython.void:
    """A segment with something new: note it as its sender's latest."""
    time: cython.longlong = rows[o + S_TIME]
    length: cython.longlong = rows[o + S_LENGTH]
    t[d + D_NXT] = end
    t[b + C_IDLE_GAP] = gap
    t[b + C_IDLE_FRAME] = rows[o + S_FRAME]
    t[b + C_IDLE_SIDE] = side
    t[d + D_NEW_TIME] = time
    t[d + D_NEW_LENGTH] = length
    if length > 0:
        t[d + D_BYTES] += length if adv > length else adv
        t[d + D_SEGMENTS] += 1
        if length > t[d + D_SEGMENT_MAX]:
            t[d + D_SEGMENT_MAX] = length
        if t[b + C_DATA_SIDE] != side:
            t[b + C_DATA_SIDE] = side
            t[b + C_T_TURN] = time
            t[b + C_TURN_FRAME] = rows[o + S_FRAME]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_repeated(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
    end: cython.longlong,
) -> cython.void:
    """A segment that its sender had sent before."""
    time: cython.longlong = rows[o + S_TIME]
    seq: cython.longlong = rows[o + S_SEQ]
    if t[d + D_RETRANS_SEQ] == seq and t[d + D_RETRANS] > 0:
        t[d + D_RETRANS] += 1
    else:
        t[d + D_RETRANS] = 1
        t[d + D_RETRANS_SEQ] = seq
        t[d + D_RETRANS_FIRST] = t[d + D_NEW_TIME] if end == t[d + D_NXT] and t[d + D_NEW_TIME] > 0 else time
    t[d + D_RETRANS_LENGTH] = rows[o + S_LENGTH]
    t[d + D_RETRANS_LAST] = time
    t[d + D_RETRANS_FRAME] = rows[o + S_FRAME]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_name(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    b: cython.longlong,
    g: cython.longlong[::1],
    buffer: cython.const[cython.uchar][::1],
    seen_names: cython.longlong[::1],
    names: cython.longlong[:, ::1],
) -> cython.void:
    """The name of the server that a connection asks for, as a hash; names not met lately are reported."""
    j: cython.Py_ssize_t
    h: cython.ulonglong = FNV_START
    name: cython.longlong
    for j in range(rows[o + S_NAME_AT], rows[o + S_NAME_AT] + rows[o + S_NAME_LENGTH]):
        h = ((h ^ buffer[j]) * FNV_PRIME) & M64
    name = cython.cast(cython.longlong, h >> 1)
    t[b + C_NAME] = name
    if seen_names[name & (seen_names.shape[0] - 1)] != name and g[G_NAMES] < names.shape[0]:
        seen_names[name & (seen_names.shape[0] - 1)] = name
        names[g[G_NAMES], 0] = name
        names[g[G_NAMES], 1] = rows[o + S_NAME_AT]
        names[g[G_NAMES], 2] = rows[o + S_NAME_LENGTH]
        g[G_NAMES] += 1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_data(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
    repeated: cython.longlong,
) -> cython.void:
    """What the data of a segment is."""
    kind: cython.longlong = rows[o + S_KIND]
    t[d + D_DATA_TIME] = rows[o + S_TIME]
    t[d + D_DATA_FRAME] = rows[o + S_FRAME]
    if t[d + D_FIRST_DATA] == 0:
        t[d + D_FIRST_DATA] = rows[o + S_TIME]
        t[d + D_FIRST_DATA_FRAME] = rows[o + S_FRAME]
        t[d + D_FIRST_KIND] = kind
    t[d + D_LAST_KIND] = kind
    if kind == TLS_ALERT:
        t[d + D_ALERT] = rows[o + S_KIND_INFO] if rows[o + S_KIND_INFO] >= 0 else -2
        t[d + D_ALERT_FRAME] = rows[o + S_FRAME]
    elif kind == HTTP_REQUEST:
        if repeated == 0:
            t[d + D_REQUESTS] += 1
    elif kind == HTTP_RESPONSE:
        if repeated == 0:
            t[d + D_ANSWERS] += 1
        t[d + D_STATUS] = rows[o + S_KIND_INFO]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_fin(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    d: cython.longlong,
    p: cython.longlong,
    end: cython.longlong,
) -> cython.void:
    """A FIN."""
    ns: cython.longlong = len(moves) // STATES
    t[d + D_FINS] += 1
    if t[d + D_FIN_SEQ] >= 0:
        return
    t[d + D_FIN_SEQ] = (end - 1) & M32
    t[d + D_FIN_TIME] = rows[o + S_TIME]
    t[d + D_FIN_FRAME] = rows[o + S_FRAME]
    if t[p + D_FIN_SEQ] >= 0 and (rows[o + S_FLAGS] & 0x10) != 0 and ahead(rows[o + S_ACK], t[p + D_FIN_SEQ]) <= 0:
        t[d + D_STATE] = moves[t[d + D_STATE] * ns + 11]
    else:
        t[d + D_STATE] = moves[t[d + D_STATE] * ns + 5]
    t[p + D_STATE] = moves[t[p + D_STATE] * ns + 6]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_sent(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    g: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    b: cython.longlong,
    side: cython.longlong,
    end: cython.longlong,
    gap: cython.longlong,
    buffer: cython.const[cython.uchar][::1],
    seen_names: cython.longlong[::1],
    names: cython.longlong[:, ::1],
) -> cython.longlong:
    """What a segment with data, SYN or FIN sends. Returns: `REPEATED`, `PROBE` or 0."""
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    flags: cython.longlong = rows[o + S_FLAGS]
    length: cython.longlong = rows[o + S_LENGTH]
    adv: cython.longlong = advance(rows, o, t, d, end)
    seen: cython.longlong = 0
    if (
        t[d + D_NXT] >= 0
        and length <= 1
        and (flags & 0x03) == 0
        and ahead(rows[o + S_SEQ], t[d + D_NXT]) == -1
        and (t[d + D_ACKED] == t[d + D_NXT])
    ):
        seen = PROBE
    elif adv > 0 and adv < FAR:
        take_new(rows, o, t, b, d, side, end, adv, gap)
    else:
        seen = REPEATED
        take_repeated(rows, o, t, d, end)
    if length > 0 and seen != PROBE:
        take_data(rows, o, t, d, seen)
        if rows[o + S_NAME_LENGTH] > 0 and t[b + C_NAME] == 0:
            take_name(rows, o, t, b, g, buffer, seen_names, names)
    if (flags & 0x01) != 0:
        follow_fin(rows, o, t, moves, d, p, end)
    return seen


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_bare(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
    p: cython.longlong,
) -> cython.longlong:
    """Where a segment without data, SYN and FIN stands. Returns: `PROBE` or 0."""
    seq: cython.longlong = rows[o + S_SEQ]
    adv: cython.longlong
    if t[d + D_NXT] < 0:
        t[d + D_NXT] = seq
    elif (rows[o + S_FLAGS] & 0x17) == 0x10:
        adv = ahead(seq, t[d + D_NXT])
        if adv == -1 and t[d + D_ACKED] == t[d + D_NXT]:
            return PROBE
        if adv > 0 and adv < FAR and t[d + D_ISN] >= 0 and t[p + D_ISN] >= 0:
            # A bare ACK stands behind bytes that the capture does not hold.
            t[d + D_HOLES] += 1
            t[d + D_NXT] = seq
    return 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_probes(
    t: cython.longlong[::1],
    d: cython.longlong,
    p: cython.longlong,
    time: cython.longlong,
    probe: cython.longlong,
) -> cython.void:
    """Probes of the sender since the peer was last heard."""
    if probe != 0:
        if t[d + D_PROBES] == 0:
            t[d + D_PROBE_FIRST] = time
        t[d + D_PROBES] += 1
        t[d + D_PROBE_LAST] = time
    if t[p + D_PROBES] != 0:
        t[p + D_PROBES] = 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_habits(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
) -> cython.void:
    """Habits of the sender: TTL, IP ID, timestamps, checksums."""
    ttl: cython.longlong = rows[o + S_TTL]
    ip_id: cython.longlong = rows[o + S_IP_ID]
    step: cython.longlong
    if ttl != t[d + D_TTL]:
        t[d + D_TTL] = ttl
        if t[d + D_TTL_MIN] < 0 or ttl < t[d + D_TTL_MIN]:
            t[d + D_TTL_MIN] = ttl
        if ttl > t[d + D_TTL_MAX]:
            t[d + D_TTL_MAX] = ttl
    if ip_id == 0:
        t[d + D_ID_ZERO] += 1
    elif ip_id > 0:
        if t[d + D_ID] >= 0:
            step = (ip_id - t[d + D_ID]) & 0xFFFF
            if step >= 1 and step <= 64:
                t[d + D_ID_STEPS] += 1
            else:
                t[d + D_ID_JUMPS] += 1
        t[d + D_ID] = ip_id
    t[d + D_FLOW] = rows[o + S_FLOW]
    t[d + D_LINK] = rows[o + S_LINK_SRC]
    if rows[o + S_TSVAL] >= 0:
        t[d + D_TS_WITH] += 1
        t[d + D_TS_LAST] = rows[o + S_TSVAL]
        t[d + D_TS_TIME] = rows[o + S_TIME]
    elif (rows[o + S_FLAGS] & 0x02) == 0:
        t[d + D_TS_WITHOUT] += 1
    if (rows[o + S_QUALITY] & 0x30) != 0:
        t[d + D_UNSUMMED] += 1
    t[d + D_PACKETS] += 1
    t[d + D_LAST_TIME] = rows[o + S_TIME]
    t[d + D_LAST_FRAME] = rows[o + S_FRAME]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_segment(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    x: cython.longlong[::1],
    g: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    b: cython.longlong,
    side: cython.longlong,
    end: cython.longlong,
    gap: cython.longlong,
    buffer: cython.const[cython.uchar][::1],
    seen_names: cython.longlong[::1],
    names: cython.longlong[:, ::1],
) -> cython.longlong:
    """All that a segment other than a reset tells of its connection. Returns: `REPEATED`, `PROBE` or 0."""
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    flags: cython.longlong = rows[o + S_FLAGS]
    seen: cython.longlong
    if t[b + C_RESET_LAST] >= 0:
        note_after(t, x, rows, o, b, side, g)
    if (flags & 0x10) != 0:
        follow_ack(rows, o, t, g, moves, b, side)
    if (flags & 0x02) != 0:
        follow_syn(rows, o, t, moves, b, side)
    else:
        follow_synchronized(rows, o, t, moves, b, d, p)
        follow_window(rows, o, t, d)
    if rows[o + S_LENGTH] > 0 or (flags & 0x03) != 0:
        seen = follow_sent(rows, o, t, g, moves, b, side, end, gap, buffer, seen_names, names)
    else:
        seen = follow_bare(rows, o, t, d, p)
    follow_probes(t, d, p, rows[o + S_TIME], seen & PROBE)
    follow_habits(rows, o, t, d)
    return seen


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def keep_in_ring(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
    gap: cython.longlong,
    seen: cython.longlong,
) -> cython.void:
    """Keep a segment among its sender's latest."""
    at: cython.longlong = d + D_COUNT + (t[d + D_RING] & LAST_IN_RING) * R_COUNT
    what: cython.longlong = rows[o + S_FLAGS] | rows[o + S_FRAME] << 9 | rows[o + S_TOS] << 40
    t[at + R_TIME] = rows[o + S_TIME]
    t[at + R_WHAT] = what | rows[o + S_KIND] << 48 | seen << 53
    t[at + R_SEQ] = rows[o + S_SEQ] | rows[o + S_LENGTH] << 32
    t[at + R_ACK] = rows[o + S_ACK] | rows[o + S_TTL] << 32 | (rows[o + S_IP_ID] + 1) << 40
    t[at + R_GAP] = gap
    t[d + D_RING] += 1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def is_over(
    t: cython.longlong[::1],
    d: cython.longlong,
    p: cython.longlong,
) -> cython.bint:
    """Whether both ends sent a FIN and got an acknowledgement of all they sent."""
    return t[d + D_FINS] > 0 and t[p + D_FINS] > 0 and t[d + D_ACKED] == t[d + D_NXT] and t[p + D_ACKED] == t[p + D_NXT]


@cython.cfunc
@cython.nogil
@cython.exceptval(-1)
def walk(
    rows: cython.longlong[::1],
    start: cython.Py_ssize_t,
    n: cython.Py_ssize_t,
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    x: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    keep: cython.longlong,
    buffer: cython.const[cython.uchar][::1],
    seen_names: cython.longlong[::1],
    names: cython.longlong[:, ::1],
    near: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """Do what `follow` says."""
    i: cython.Py_ssize_t
    o: cython.Py_ssize_t
    place: cython.longlong
    slot: cython.longlong
    side: cython.longlong
    b: cython.longlong
    d: cython.longlong
    p: cython.longlong
    time: cython.longlong
    flags: cython.longlong
    gap: cython.longlong
    end: cython.longlong
    seen: cython.longlong
    old: cython.longlong
    ns: cython.longlong = len(moves) // STATES
    ring: cython.longlong = x.shape[0] // X_COUNT - PADDING
    for i in range(start, min(start + 2 * AHEAD, n)):
        fetch_bucket(rows, i, heads, near)
    for i in range(start, n):
        if i + 2 * AHEAD < n:
            fetch_bucket(rows, i + 2 * AHEAD, heads, near)
        if i + AHEAD < n:
            fetch_row(t, heads[near[(i + AHEAD) & NEAR]])
        o = i * S_COUNT
        flags = rows[o + S_FLAGS]
        if (flags & 0x04) != 0 and g[G_RESETS] - g[G_FLUSHED] >= ring:
            return i
        time = rows[o + S_TIME]
        count_segment(rows, o, g, time)
        place = find(rows, o, t, heads[near[i & NEAR]])
        old = -1
        if place >= 0 and (flags & 0x06) == 0x02 and begins_anew(rows, o, t, (place >> 1) * WIDTH, place & 1):
            old = place >> 1
            give_way(t, heads, x, g, old, time)
            place = -1
        if place < 0:
            place = add_connection(rows, o, t, heads, log, g, near[i & NEAR], old)
        slot = place >> 1
        side = place & 1
        b = slot * WIDTH
        d = b + SIDE_A + side * SIDE
        p = b + SIDE_A + (1 - side) * SIDE
        if passes_over(rows, o, t, x, g, b, d):
            continue
        gap = time - t[b + C_LAST_TIME]
        if gap < 0:
            gap = 0
        end = (rows[o + S_SEQ] + rows[o + S_LENGTH] + (flags & 0x01) + ((flags >> 1) & 0x01)) & M32
        seen = 0
        if (flags & 0x04) != 0:
            record_reset(t, x, rows, o, g, b, side)
            t[d + D_STATE] = moves[t[d + D_STATE] * ns + 8]
            t[p + D_STATE] = moves[t[p + D_STATE] * ns + 9]
        else:
            seen = follow_segment(rows, o, t, x, g, moves, b, side, end, gap, buffer, seen_names, names)
        keep_in_ring(rows, o, t, d, gap, seen)
        t[b + C_PACKETS] += 1
        if time > t[b + C_LAST_TIME]:
            t[b + C_LAST_TIME] = time
        if t[b + C_USED] == 1 and ((flags & 0x04) != 0 or is_over(t, d, p)):
            finish(t, g, slot, time)
            if g[G_FINISHED] > keep or time - t[g[G_OLDEST] * WIDTH + C_FINISHED] > FINISHED_KEEP:
                expire(t, heads, log, g, time, keep)
    return n


def follow(
    rows: cython.longlong[::1],
    start: cython.Py_ssize_t,
    n: cython.Py_ssize_t,
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    x: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    keep: cython.longlong,
    buffer: cython.const[cython.uchar][::1],
    seen_names: cython.longlong[::1],
    names: cython.longlong[:, ::1],
    near: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """Follow segments rows[start:n] through the table of connections.

    Args:
        rows: segments, n * Seg.COUNT cells, row after row.
        start: first row to take.
        n: rows that are filled.
        t: connections, slots * WIDTH cells.
        heads: first slot of each hash bucket; a power of two of them.
        x: resets, Rst.COUNT * size cells, a cell's column after the other; size - PADDING rows are used in turn.
        log: recent connections, Log.COUNT * lines cells, column after column.
        g: `Glob` cells.
        moves: `connections.states.as_array()`.
        keep: how many finished connections stay in the table at most.
        buffer: what NAME_AT counts in.
        seen_names: hashes of names already reported, a small cache.
        names: gets (hash, offset, length) of names not in that cache; G_NAMES of them.
        near: room for the buckets of the next `NEAR` + 1 segments.

    Returns:
        The row behind the last one taken. It is smaller than n when the ring of resets is full: the caller
        judges the older half, raises G_FLUSHED and calls again.
    """
    done: cython.Py_ssize_t
    with cython.nogil:
        done = walk(rows, start, n, t, heads, x, log, g, moves, keep, buffer, seen_names, names, near)
    return done


def sync(t: cython.longlong[::1], log: cython.longlong[::1], g: cython.longlong[::1]) -> cython.void:
    """Bring the log's lines of all connections in the table up to date (before judging)."""
    slot: cython.longlong
    for slot in range(g[G_HIGH]):
        if t[slot * WIDTH + C_USED] != 0:
            write_log(t, log, g, slot)


def count_open(t: cython.longlong[::1], g: cython.longlong[::1]) -> cython.void:
    """Count what the connections still in the table lack, as `release` does for those that left it."""
    slot: cython.longlong
    b: cython.longlong
    for slot in range(g[G_HIGH]):
        b = slot * WIDTH
        if t[b + C_USED] == 0:
            continue
        if t[b + C_KNOWN] == 0 or t[b + SIDE_A + D_ISN] < 0:
            g[G_NO_HANDSHAKE] += 1
        if (
            t[b + SIDE_A + D_PACKETS] + t[b + SIDE_A + D_RSTS] == 0
            or t[b + SIDE_B + D_PACKETS] + t[b + SIDE_B + D_RSTS] == 0
        ) and t[b + C_PACKETS] > 3:
            g[G_ONE_SIDED] += 1


def propagate(x: cython.longlong[::1], first: cython.longlong, last: cython.longlong) -> cython.void:
    """Add to each reset with ordinal first..last-1, latest first, what its connection's next reset saw.

    While packets arrive only the latest reset of a connection is told of them.
    """
    n: cython.longlong
    r: cython.longlong
    q: cython.longlong
    previous: cython.longlong
    same: cython.bint
    size: cython.longlong = x.shape[0] // X_COUNT
    ring: cython.longlong = size - PADDING
    for n in range(last - 1, first - 1, -1):
        r = n % ring
        previous = x[X_PREVIOUS * size + r]
        if previous < first:
            continue
        q = previous % ring
        same = x[X_SIDE * size + r] == x[X_SIDE * size + q]
        if same:
            add(x, size, q, r, X_SENDER_AFTER, X_SENDER_AFTER)
            add(x, size, q, r, X_SENDER_NEW, X_SENDER_NEW)
            add(x, size, q, r, X_SENDER_ACKED, X_SENDER_ACKED)
            add(x, size, q, r, X_PEER_AFTER, X_PEER_AFTER)
            add(x, size, q, r, X_PEER_NEW, X_PEER_NEW)
            add(x, size, q, r, X_RSTS_AFTER, X_RSTS_AFTER)
            if x[S_SEQ * size + q] == x[S_SEQ * size + r]:
                add(x, size, q, r, X_RSTS_EQUAL, X_RSTS_EQUAL)
            add(x, size, q, r, X_PEER_RSTS, X_PEER_RSTS)
            first_of(x, size, q, r, X_SENDER_AFTER_TIME, X_SENDER_AFTER_TIME)
            first_of(x, size, q, r, X_SENDER_AFTER_FRAME, X_SENDER_AFTER_FRAME)
            first_of(x, size, q, r, X_PEER_AFTER_TIME, X_PEER_AFTER_TIME)
            first_of(x, size, q, r, X_PEER_AFTER_FRAME, X_PEER_AFTER_FRAME)
            first_of(x, size, q, r, X_PEER_RST_TIME, X_PEER_RST_TIME)
            if x[X_SENDER_AFTER_ID * size + q] < 0:
                x[X_SENDER_AFTER_ID * size + q] = x[X_SENDER_AFTER_ID * size + r]
            first_of(x, size, q, r, X_CHALLENGED, X_CHALLENGED)
        else:
            add(x, size, q, r, X_SENDER_AFTER, X_PEER_AFTER)
            add(x, size, q, r, X_SENDER_NEW, X_PEER_NEW)
            add(x, size, q, r, X_PEER_AFTER, X_SENDER_AFTER)
            add(x, size, q, r, X_PEER_NEW, X_SENDER_NEW)
            add(x, size, q, r, X_PEER_RSTS, X_RSTS_AFTER)
            add(x, size, q, r, X_RSTS_AFTER, X_PEER_RSTS)
            first_of(x, size, q, r, X_SENDER_AFTER_TIME, X_PEER_AFTER_TIME)
            first_of(x, size, q, r, X_SENDER_AFTER_FRAME, X_PEER_AFTER_FRAME)
            first_of(x, size, q, r, X_PEER_AFTER_TIME, X_SENDER_AFTER_TIME)
            first_of(x, size, q, r, X_PEER_AFTER_FRAME, X_SENDER_AFTER_FRAME)
        first_of(x, size, q, r, X_SYN_AFTER, X_SYN_AFTER)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add(
    x: cython.longlong[::1],
    size: cython.longlong,
    q: cython.longlong,
    r: cython.longlong,
    to: cython.longlong,
    of: cython.longlong,
) -> cython.void:
    """Add cell `of` of row r to cell `to` of row q."""
    x[to * size + q] += x[of * size + r]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def first_of(
    x: cython.longlong[::1],
    size: cython.longlong,
    q: cython.longlong,
    r: cython.longlong,
    to: cython.longlong,
    of: cython.longlong,
) -> cython.void:
    """Fill cell `to` of row q from cell `of` of row r if it is still empty."""
    if x[to * size + q] == 0:
        x[to * size + q] = x[of * size + r]
