/* Counts every reset, and hands a bounded number of them to user space.
 *
 * seen = delivered + sampled + lost, for each kind; user space checks `seen` against the kernel's own counters. */
#ifndef WHYRST_EMIT_H
#define WHYRST_EMIT_H

#include "recorder.h"

#define SECOND 1000000000ULL
#define KIND_SHIFT 16
#define MARKS 0xffff
#define RARE 16
#define TELL(kind, marks) ((kind) << KIND_SHIFT | (marks))

/* Set before loading; `whyrst.kernel.tracer` writes it as six numbers. */
const volatile struct {
    __u32 rate;  /* events per second, CPU and kind that are handed over */
    __u32 burst; /* ... and at once, after a pause */
    __u32 user_stacks;
    __u32 only_netns;
    __u32 taken; /* SKB_DROP_REASON_TCP_RESET of this kernel: freed because a socket took it */
    __u32 hz;    /* jiffies per second: the kernel's configuration is no file that can be relied on */
} settings = {};

struct total {
    __u64 seen, delivered, sampled, lost;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, KINDS);
    __type(key, __u32);
    __type(value, struct total);
} totals SEC(".maps");

/* What a reset is counted under: what tells most causes apart. */
struct shape {
    __u32 kind;
    __u32 reason;
    __u8 before;  /* the socket's state */
    __u8 flags;   /* the trigger's */
    __u8 payload; /* the trigger carried some */
    __u8 unread;  /* the socket held unread bytes */
    __u32 marks;
    __u32 netns;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __type(key, struct shape);
    __type(value, __u64);
} shapes SEC(".maps");

struct bucket {
    __u64 filled; /* ns since boot */
    __u64 tokens; /* 1e-9 each */
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, KINDS);
    __type(key, __u32);
    __type(value, struct bucket);
} buckets SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4 << 20);
} events SEC(".maps");

static __always_inline int take_token(__u32 kind, __u64 now) {
    struct bucket *b = bpf_map_lookup_elem(&buckets, &kind);
    if (!b)
        return 0;
    __u64 passed = now - b->filled;
    b->filled = now;
    __u64 most = settings.burst * SECOND;
    b->tokens = passed > 60 * SECOND ? most : b->tokens + passed * settings.rate;
    if (b->tokens > most)
        b->tokens = most;
    if (b->tokens < SECOND)
        return 0;
    b->tokens -= SECOND;
    return 1;
}

/* Count it; returns how many of its shape came before. */
static __always_inline __u64 count(struct shape *shape) {
    __u64 none = 0, *seen = bpf_map_lookup_elem(&shapes, shape);
    if (!seen) {
        bpf_map_update_elem(&shapes, shape, &none, BPF_NOEXIST);
        seen = bpf_map_lookup_elem(&shapes, shape);
    }
    if (!seen)
        return 1; /* the table is full: it is counted in the totals only */
    __u64 before = *seen;
    __sync_fetch_and_add(seen, 1);
    return before;
}

/* The first few of a shape are handed over whatever else comes in, then one for each doubling: every shape that is
 * counted has its verdict. */
static __always_inline int is_rare(__u64 before) {
    return before < RARE || !(before & (before - 1));
}

/* The numbers of a full socket. */
static __always_inline void read_numbers(struct event *e, struct sock *sk) {
    struct tcp_sock *tp = (struct tcp_sock *)sk;
    struct inet_connection_sock *icsk = (struct inet_connection_sock *)sk;
    struct cgroup *cgroup = 0;
    __u32 now = (__u32)bpf_jiffies64();

    e->snd_una = BPF_CORE_READ(tp, snd_una);
    e->snd_nxt = BPF_CORE_READ(tp, snd_nxt);
    e->write_seq = BPF_CORE_READ(tp, write_seq);
    e->rcv_nxt = BPF_CORE_READ(tp, rcv_nxt);
    e->copied_seq = BPF_CORE_READ(tp, copied_seq);
    e->rcv_wnd = BPF_CORE_READ(tp, rcv_wnd);
    e->wscale = BPF_CORE_READ_BITFIELD_PROBED(&tp->rx_opt, rcv_wscale);
    if (BPF_CORE_READ_BITFIELD_PROBED(&tp->rx_opt, tstamp_ok))
        e->marks |= TIMESTAMPS;
    e->sent_age = now - BPF_CORE_READ(tp, lsndtime);
    e->received_age = now - BPF_CORE_READ(icsk, icsk_ack.lrcvtime);
    e->acked_age = now - BPF_CORE_READ(tp, rcv_tstamp);
    e->total_retrans = BPF_CORE_READ(tp, total_retrans);
    e->srtt = BPF_CORE_READ(tp, srtt_us);
    e->bytes_sent = BPF_CORE_READ(tp, bytes_sent);
    e->bytes_acked = BPF_CORE_READ(tp, bytes_acked);
    e->bytes_received = BPF_CORE_READ(tp, bytes_received);
    e->linger2 = BPF_CORE_READ(tp, linger2);
    e->linger_time = BPF_CORE_READ(sk, sk_lingertime);
    e->retransmits = BPF_CORE_READ(icsk, icsk_retransmits);
    e->probes = BPF_CORE_READ(icsk, icsk_probes_out);
    e->user_timeout = BPF_CORE_READ(icsk, icsk_user_timeout);
    e->backlog = BPF_CORE_READ(sk, sk_ack_backlog);
    e->backlog_limit = BPF_CORE_READ(sk, sk_max_ack_backlog);
    e->error = BPF_CORE_READ(sk, sk_err);
    e->socket_uid = BPF_CORE_READ(sk, sk_uid.val);
    e->mark = BPF_CORE_READ(sk, sk_mark);
    e->snd_wnd = BPF_CORE_READ(tp, snd_wnd);
    if (e->before == LISTEN)
        e->requests = BPF_CORE_READ(icsk, icsk_accept_queue.qlen.counter);
    e->shutdown = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_shutdown);
    struct socket_alloc *file = (struct socket_alloc *)BPF_CORE_READ(sk, sk_socket);
    e->inode = file ? BPF_CORE_READ(file, vfs_inode.i_ino) : 0;
    if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
        cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
    if (cgroup)
        e->cgroup = BPF_CORE_READ(cgroup, kn, id);
}

static __always_inline __u32 socket_marks(struct sock *sk, const int typed) {
    __u64 flags = GET(typed, sk, __sk_common.skc_flags);
    __u32 marks = 0;
    if (flags >> bpf_core_enum_value(enum sock_flags, SOCK_LINGER) & 1)
        marks |= LINGERS;
    if (flags >> bpf_core_enum_value(enum sock_flags, SOCK_DEAD) & 1)
        marks |= ORPHAN;
    if (flags >> bpf_core_enum_value(enum sock_flags, SOCK_KEEPOPEN) & 1)
        marks |= KEEPALIVE;
    return marks;
}

static __always_inline void read_stacks(struct event *e, void *ctx) {
    long got = bpf_get_stack(ctx, e->stack, sizeof(e->stack), 0);
    e->stack_length = got > 0 ? got / sizeof(__u64) : 0;
    if (settings.user_stacks && e->marks & IN_PROCESS) {
        got = bpf_get_stack(ctx, e->user, sizeof(e->user), BPF_F_USER_STACK);
        e->user_length = got > 0 ? got / sizeof(__u64) : 0;
    }
}

/* The trigger from its IP header on, as far as it is linear. */
static __always_inline void read_trigger(struct event *e, struct headers *h) {
    __u32 length = h->linear < TRIGGER ? h->linear : TRIGGER;
    read_packet(h, &e->packet);
    barrier_var(length);
    if (length > TRIGGER)
        length = TRIGGER;
    if (bpf_probe_read_kernel(e->trigger, length, h->ip) == 0)
        e->trigger_length = length;
}

/* What is known of a reset before it is handed over. */
struct seen {
    struct shape shape;
    __u64 now;
    struct sock *sk;
    struct flow *flow;  /* on record */
    __u64 *witness;     /* what tells that the record is still of this connection, and ... */
    __u64 expected;
    struct headers h;
    union flow_key key;
};

/* What is on record; another connection may take the line meanwhile. */
static __always_inline void read_flow(struct event *e, struct seen *seen) {
    __builtin_memcpy(&e->flow, seen->flow, sizeof(e->flow));
    barrier();
    if (*seen->witness != seen->expected)
        e->marks &= ~HAS_FLOW;
}

/* Of a connection that lost a race, the one that won it. */
static __always_inline void read_rival(struct event *e) {
    struct live *other = e->flow.rival ? live_at(e->flow.rival) : 0;
    if (!other || other->socket != e->flow.rival || !other->flow.established || other->flow.ended)
        return;
    e->rival.opened = other->flow.opened;
    e->rival.established = other->flow.established;
    read_tuple((struct sock *)other->socket, &e->rival.ends, 0);
}

static __always_inline void read_listener(struct event *e, struct seen *seen) {
    __u16 port = e->marks & FULL_SOCKET && e->before != LISTEN ? e->socket.local_port : seen->key.ends.local_port;
    struct listener_key key = {.netns = seen->shape.netns, .port = port};
    struct listener *line = bpf_map_lookup_elem(&listeners, &key);
    if (!line)
        return;
    __builtin_memcpy(&e->listener, line, sizeof(e->listener));
    e->marks |= HAS_LISTENER;
}

static __always_inline void fill(struct event *e, void *ctx, struct seen *seen) {
    __u64 id = bpf_get_current_pid_tgid();
    struct sock *sk = seen->sk;
    __builtin_memset(e, 0, __builtin_offsetof(struct event, trigger)); /* what follows has a length */
    e->time = seen->now;
    e->kind = seen->shape.kind;
    e->reason = seen->shape.reason;
    e->marks = seen->shape.marks;
    e->before = seen->shape.before;
    e->netns = seen->shape.netns;
    e->cpu = bpf_get_smp_processor_id();
    e->pid = id >> 32;
    e->tid = (__u32)id;
    e->uid = (__u32)bpf_get_current_uid_gid();
    e->hz = settings.hz;
    bpf_get_current_comm(e->comm, sizeof(e->comm));
    if (e->marks & IN_PROCESS) {
        e->cgroup = bpf_get_current_cgroup_id();
        e->ending = ending_of_current();
    }
    if (sk) {
        e->state = BPF_CORE_READ(sk, __sk_common.skc_state);
        e->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
        e->family = BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6 ? 6 : 4;
        read_tuple(sk, &e->socket, 0);
        if (e->marks & FULL_SOCKET)
            read_numbers(e, sk);
        else if (e->state == TIME_WAIT) {
            e->substate = BPF_CORE_READ((struct inet_timewait_sock *)sk, tw_substate);
            e->rcv_nxt = BPF_CORE_READ(sk, __sk_common.skc_tw_rcv_nxt);
            e->snd_nxt = BPF_CORE_READ(sk, __sk_common.skc_tw_snd_nxt);
        }
    }
    if (seen->flow) {
        read_flow(e, seen);
        read_rival(e);
    }
    if (e->kind == SENT)
        read_listener(e, seen);
    if (e->marks & HAS_TRIGGER)
        read_trigger(e, &seen->h);
    read_stacks(e, ctx);
}

/* What the flight recorder has of a live socket. */
static __always_inline void look_up_live(struct seen *seen) {
    struct live *live = live_of(seen->sk);
    if (!live)
        return;
    seen->flow = &live->flow;
    seen->witness = &live->socket;
    seen->expected = live->socket;
}

/* What it has of the connection that a segment without a full socket belongs to. Nothing precedes a SYN. */
static __always_inline void look_up_ended(struct seen *seen) {
    if ((seen->h.flags & (SYN | ACK)) == SYN)
        return;
    struct line *line = find_line(&seen->key);
    if (!line)
        return;
    seen->flow = &line->flow;
    seen->witness = &line->key.words[0];
    seen->expected = seen->key.words[0];
}

/* Which connection it is about, and what it is counted under. */
static __always_inline void look(struct seen *seen, struct sk_buff *skb, const int typed) {
    struct sock *sk = seen->sk;
    struct shape *shape = &seen->shape;
    __u32 state = 0;
    if (skb && find_headers(skb, &seen->h, ANY, typed)) {
        shape->marks |= HAS_TRIGGER;
        shape->flags = seen->h.flags;
        shape->payload = seen->h.length > (__u32)(seen->h.tcp - seen->h.ip) + seen->h.offset;
    }
    if (sk) {
        state = GET(typed, sk, __sk_common.skc_state);
        shape->marks |= HAS_SOCKET;
        shape->netns = netns_of_sock(sk, typed);
        if (is_full(state))
            shape->marks |= FULL_SOCKET | socket_marks(sk, typed);
    }
    if (!shape->netns && skb)
        shape->netns = netns_of_skb(skb, typed);
    shape->before = state;
    if (sk && is_full(state) && state != LISTEN) {
        struct tcp_sock *tp = (struct tcp_sock *)sk;
        look_up_live(seen);
        if (state != SYN_SENT)
            shape->unread = BPF_CORE_READ(tp, rcv_nxt) != BPF_CORE_READ(tp, copied_seq);
        if (seen->flow && state == CLOSE)
            shape->before = seen->flow->before;
    } else {
        if (sk && state != LISTEN)
            read_tuple(sk, &seen->key.ends, typed);
        else if (shape->marks & HAS_TRIGGER)
            read_packet(&seen->h, &seen->key.ends);
        seen->key.netns = shape->netns;
        look_up_ended(seen);
        if (seen->flow && !sk)
            shape->before = seen->flow->before;
    }
    if (seen->flow)
        shape->marks |= HAS_FLOW;
}

static __always_inline void remember(struct flow *flow, struct seen *seen) {
    flow->reset = seen->now;
    flow->reset_reason = seen->shape.kind == SENT ? seen->shape.reason + 1 : 0;
}

/* A socket that aborts itself was closed a moment ago (tcp_disconnect, __tcp_close): the record of its end was kept
 * before the reset. */
static __always_inline void remember_ended(struct seen *seen) {
    union flow_key key = {};
    key.netns = seen->shape.netns;
    read_tuple(seen->sk, &key.ends, 0);
    struct line *line = find_line(&key);
    if (line)
        remember(&line->flow, seen);
}

static __always_inline int tell(void *ctx, struct seen *seen) {
    __u32 kind = seen->shape.kind;
    struct total *total = bpf_map_lookup_elem(&totals, &kind);
    if (!total)
        return 0;
    total->seen++;
    __u64 before = count(&seen->shape);
    if (!take_token(kind, seen->now) && !is_rare(before)) {
        total->sampled++;
    } else {
        struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
        if (e) {
            fill(e, ctx, seen);
            bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
            total->delivered++;
        } else {
            total->lost++;
        }
    }
    if (seen->flow && kind < DROPPED) {
        remember(seen->flow, seen);
        if (kind == SENT && seen->shape.marks & FULL_SOCKET && seen->flow->ended)
            remember_ended(seen);
    }
    return 0;
}

/* One reset; sk and skb may be missing. `told`: kind and marks that the probe itself knows, see TELL. */
static __always_inline int reset(void *ctx, struct sock *sk, struct sk_buff *skb, __u32 reason, __u32 told,
                                 const int typed) {
    struct seen seen = {.sk = sk, .now = bpf_ktime_get_boot_ns()};
    seen.shape.kind = told >> KIND_SHIFT;
    seen.shape.reason = reason;
    seen.shape.marks = told & MARKS;
    look(&seen, skb, typed);
    if (settings.only_netns && seen.shape.netns != settings.only_netns)
        return 0;
    return tell(ctx, &seen);
}

static __noinline int typed_reset(void *ctx, struct sock *sk, struct sk_buff *skb, __u32 reason, __u32 told) {
    return reset(ctx, sk, skb, reason, told, 1);
}

static __noinline int probed_reset(void *ctx, struct sock *sk, struct sk_buff *skb, __u32 reason, __u32 told) {
    return reset(ctx, sk, skb, reason, told, 0);
}

#endif
