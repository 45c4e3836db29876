/* From a call of a probe to a count and, for a bounded number of them, an event. */
#ifndef WHYRST_EMIT_H
#define WHYRST_EMIT_H

#include "fill.h"

#define KIND_SHIFT 16
#define MARKS 0xffff
#define TELL(kind, marks) ((kind) << KIND_SHIFT | (marks))

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4 << 20);
} events SEC(".maps");

static __always_inline __u32 socket_marks(struct sock *sk, const enum way way) {
    __u64 flags = GET(way, sk, __sk_common.skc_flags);
    __u32 marks = 0;
    if (flags >> bpf_core_enum_value(enum sock_flags, SOCK_LINGER) & 1)
        marks |= LINGERS;
    if (flags >> bpf_core_enum_value(enum sock_flags, SOCK_DEAD) & 1)
        marks |= ORPHAN;
    if (flags >> bpf_core_enum_value(enum sock_flags, SOCK_KEEPOPEN) & 1)
        marks |= KEEPALIVE;
    return marks;
}

/* What the flight recorder has of a live socket. */
static __always_inline void look_up_live(struct seen *seen, const enum way way) {
    struct live *live = live_of(seen->sk, way);
    if (!live)
        return;
    seen->flow = &live->flow;
    seen->witness = (__u64 *)&live->socket;
    seen->expected = *seen->witness;
}

/* What it has of the connection that a segment without a full socket belongs to. Nothing precedes a SYN. */
static __always_inline void look_up_ended(struct seen *seen, __u32 state, const enum way way) {
    union flow_key key = {};
    if ((seen->h.flags & (SYN | ACK)) == SYN)
        return;
    if (seen->sk && state != LISTEN)
        read_tuple(seen->sk, &key.ends, way);
    else if (seen->shape.marks & HAS_TRIGGER)
        read_packet(&seen->h, &key.ends);
    key.netns = seen->shape.netns;
    struct line *line = find_line(&key);
    if (!line)
        return;
    seen->flow = &line->flow;
    seen->witness = &line->key.words[0];
    seen->expected = key.words[0];
}

static __always_inline int holds_unread(struct sock *sk, const enum way way) {
    struct tcp_sock *tp = tcp_of(sk, way);
    return tp && GET(way, tp, rcv_nxt) != GET(way, tp, copied_seq);
}

/* Which connection it is about, and what it is counted under. */
static __always_inline void look(struct seen *seen, struct sk_buff *skb, const enum way way) {
    struct sock *sk = seen->sk;
    union shape *shape = &seen->shape;
    __u32 state = 0;
    if (skb && find_headers(skb, &seen->h, ANY, way)) {
        shape->marks |= HAS_TRIGGER;
        shape->flags = seen->h.flags;
        shape->payload = seen->h.length > (__u32)(seen->h.tcp - seen->h.ip) + seen->h.offset;
    }
    if (sk) {
        state = GET(way, sk, __sk_common.skc_state);
        shape->marks |= HAS_SOCKET;
        shape->netns = netns_of_sock(sk, way);
        if (is_full(state))
            shape->marks |= FULL_SOCKET | socket_marks(sk, way);
    }
    if (!shape->netns && skb)
        shape->netns = netns_of_skb(skb, way);
    shape->before = state;
    if (sk && is_full(state) && state != LISTEN) {
        look_up_live(seen, way);
        if (state != SYN_SENT)
            shape->unread = holds_unread(sk, way);
        if (seen->flow && state == CLOSE)
            shape->before = seen->flow->before;
    } else {
        look_up_ended(seen, state, way);
        if (seen->flow && !sk)
            shape->before = seen->flow->before;
    }
    if (seen->flow)
        shape->marks |= HAS_FLOW;
}

static __always_inline void remember(struct flow *flow, const union shape *shape, __u64 now) {
    flow->reset = now;
    flow->reset_reason = shape->kind == SENT ? shape->reason + 1 : 0;
}

/* Later segments find it on record. A socket that aborts itself was closed a moment ago (tcp_disconnect, __tcp_close):
 * the record of its end was kept before the reset. */
static __noinline int remember_all(struct seen *seen) {
    __u64 now = bpf_ktime_get_boot_ns();
    union flow_key key = {};
    if (!seen || !seen->flow)
        return 0;
    remember(seen->flow, &seen->shape, now);
    if (seen->shape.kind != SENT || !(seen->shape.marks & FULL_SOCKET) || !seen->flow->ended)
        return 0;
    key.netns = seen->shape.netns;
    read_tuple(seen->sk, &key.ends, PROBED);
    struct line *line = find_line(&key);
    if (line)
        remember(&line->flow, &seen->shape, now);
    return 0;
}

static __noinline int hand_over(void *ctx, struct seen *seen, struct tally *tally) {
    struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
    if (e) {
        fill(e, ctx, seen);
        bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
        tally->delivered++;
    } else {
        tally->lost++;
    }
    return 0;
}

/* One reset; sk and skb may be missing. `told`: kind and marks that the probe itself knows, see TELL. */
static __always_inline int reset(void *ctx, struct sock *sk, struct sk_buff *skb, __u32 reason, __u32 told,
                                 const enum way way) {
    __u32 kind = told >> KIND_SHIFT;
    struct seen seen = {.sk = sk};
    seen.shape.kind = kind;
    seen.shape.reason = reason;
    seen.shape.marks = told & MARKS;
    look(&seen, skb, way);
    if (settings.only_netns && seen.shape.netns != settings.only_netns)
        return 0;
    struct tally *tally = bpf_map_lookup_elem(&tallies, &kind);
    if (!tally)
        return 0;
    tally->seen++;
    __u64 before = count(&seen.shape);
    if (take_token(kind) || is_rare(before))
        hand_over(ctx, &seen, tally);
    else
        tally->sampled++;
    /* A refused connect leaves nothing that a later segment could be for. */
    if (seen.flow && kind != DROPPED && !(kind == RECEIVED && seen.shape.before == SYN_SENT))
        remember_all(&seen);
    return 0;
}

#endif
