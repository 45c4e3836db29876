/* What is told of a reset that is handed over. All is read by calls: few are. */
#ifndef WHYRST_FILL_H
#define WHYRST_FILL_H

#include "recorder.h"
#include "tally.h"

/* What is known of a reset before it is handed over. */
struct seen {
    union shape shape;
    struct sock *sk;
    struct flow *flow; /* on record */
    __u64 *witness;    /* what tells that the record is still of this connection, and ... */
    __u64 expected;
    struct headers h;
};

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

/* What is on record; another connection may take the line meanwhile. */
static __always_inline void read_flow(struct event *e, struct seen *seen) {
    __builtin_memcpy(&e->flow, seen->flow, sizeof(e->flow));
    barrier();
    if (*seen->witness != seen->expected)
        e->marks &= ~HAS_FLOW;
}

/* Of a connection that lost a race, the one that won it. */
static __always_inline void read_rival(struct event *e) {
    __u32 place = e->flow.rival - 1;
    struct live *other = e->flow.rival ? bpf_map_lookup_elem(&sockets, &place) : 0;
    if (!other || !compete(e->flow.opened, e->flow.owner, other->flow.opened, other->flow.owner))
        return;
    if (!other->flow.established || other->flow.ended)
        return;
    e->rival.opened = other->flow.opened;
    e->rival.established = other->flow.established;
    read_tuple(other->socket, &e->rival.ends, PROBED);
}

static __always_inline void read_listener(struct event *e, struct seen *seen) {
    __u16 port = e->marks & FULL_SOCKET && e->before != LISTEN ? e->socket.local_port : e->packet.local_port;
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
    e->time = bpf_ktime_get_boot_ns();
    e->jiffies = bpf_jiffies64();
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
        e->ending = ending();
    }
    if (sk) {
        e->state = BPF_CORE_READ(sk, __sk_common.skc_state);
        e->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
        e->family = BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6 ? 6 : 4;
        read_tuple(sk, &e->socket, PROBED);
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
    if (e->marks & HAS_TRIGGER)
        read_trigger(e, &seen->h);
    if (e->kind == SENT)
        read_listener(e, seen);
    read_stacks(e, ctx);
}

#endif
