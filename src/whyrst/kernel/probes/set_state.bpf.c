/* The flight recorder's states: who opened and left a connection, and how its socket ended.
 *
 * inet_sock_set_state runs in the system call that connects, shuts down or closes, and in softirqs for what the other
 * end does, where `current` is whoever was interrupted. This runs for every connection of the host, so only the changes
 * that a verdict needs are looked at. */
#include "../bpf/emit.h"

#define ECONNREFUSED 111

static __always_inline void connecting(struct sock *sk) {
    struct live *live = begin(sk);
    if (!live)
        return;
    live->flow.opened = bpf_ktime_get_boot_ns();
    live->flow.owner = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(live->flow.owner_comm, COMM);
    race(live);
}

/* The handshake is over, on either side. */
static __always_inline void establish(struct sock *sk, int old) {
    struct live *live = old == SYN_RECV ? begin(sk) : live_of(sk);
    if (!live)
        return;
    live->flow.established = bpf_ktime_get_boot_ns();
    live->flow.cpu = bpf_get_smp_processor_id();
    if (old == SYN_RECV) {
        live->flow.opened = live->flow.established;
        live->flow.passive = 1;
    }
}

static __always_inline void leave(struct sock *sk) {
    struct live *live = live_of(sk);
    if (!live)
        return;
    live->flow.left = bpf_ktime_get_boot_ns();
    live->flow.ending = ending_of_current();
    read_ages(&live->flow, sk);
    live->flow.leaver = bpf_get_current_pid_tgid() >> 32;
    if (live->flow.leaver != live->flow.owner)
        bpf_get_current_comm(live->flow.leaver_comm, COMM);
}

/* Both ends had closed (tcp_fin sets SOCK_DONE) and nothing went wrong: the other end has nothing more to say. */
static __always_inline int in_order(struct sock *sk, int old) {
    return (old == LAST_ACK || old == FIN_WAIT2 || old == CLOSING) && sk->sk_err == 0 &&
           sk->__sk_common.skc_flags >> bpf_core_enum_value(enum sock_flags, SOCK_DONE) & 1;
}

/* A refused connect was told as a reset, and leaves nothing that a later segment could be for. */
static __always_inline int refused(struct sock *sk, int old) {
    return old == SYN_SENT && sk->sk_err == ECONNREFUSED;
}

static __always_inline void end(struct sock *sk, int old) {
    union flow_key key = {};
    struct tcp_sock *tp = (struct tcp_sock *)sk;
    struct live *live = live_of(sk);
    if (!live)
        return;
    struct flow *flow = &live->flow;
    flow->ended = bpf_ktime_get_boot_ns();
    flow->before = old;
    flow->snd_nxt = BPF_CORE_READ(tp, snd_nxt);
    flow->rcv_nxt = BPF_CORE_READ(tp, rcv_nxt);
    flow->sent = BPF_CORE_READ(tp, bytes_acked);
    flow->received = BPF_CORE_READ(tp, bytes_received);
    flow->error = sk->sk_err;
    if (!flow->left)
        read_ages(flow, sk);
    flow->user_timeout = BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_user_timeout);
    flow->heard_age = (__u32)bpf_jiffies64() - BPF_CORE_READ(tp, rcv_tstamp);
    key.netns = netns_of_sock(sk, 1);
    read_tuple(sk, &key.ends, 1);
    keep(&key, flow);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int old, int new) {
    if (new == CLOSE_WAIT || new == FIN_WAIT2 || new == CLOSING || new == SYN_RECV)
        return 0;
    if (sk->sk_protocol != IPPROTO_TCP)
        return 0;
    if (old == LISTEN || new == LISTEN)
        listening(sk, new == LISTEN);
    else if (new == SYN_SENT)
        connecting(sk);
    else if (new == ESTABLISHED)
        establish(sk, old);
    else if (new == FIN_WAIT1 || new == LAST_ACK)
        leave(sk);
    else if (new == CLOSE && old != CLOSE && !in_order(sk, old) && !refused(sk, old))
        end(sk, old);
    return 0;
}
