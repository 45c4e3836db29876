/* The flight recorder's states: who opened and left a connection, and how its socket ended.
 *
 * inet_sock_set_state runs in the system call that connects, shuts down or closes, and in softirqs for what the other
 * end does, where `current` is whoever was interrupted. This runs for every connection of the host, so only the changes
 * that a verdict needs are looked at. */
#include "../bpf/emit.h"

#define ECONNREFUSED 111

static __always_inline void connecting(struct sock *sk) {
    __u32 place = place_of_socket(sk, TYPED);
    struct live *live = begin(sk, place);
    if (!live)
        return;
    live->flow.owner = note_task(live->flow.owner_comm);
    race(&live->flow, place);
}

/* The handshake is over, on either side. */
static __always_inline void establish(struct sock *sk, int old) {
    struct live *live = old == SYN_RECV ? begin(sk, place_of_socket(sk, TYPED)) : live_of(sk, TYPED);
    if (!live)
        return;
    live->flow.established = bpf_jiffies64();
    live->flow.cpu = bpf_get_smp_processor_id();
    live->flow.passive = old == SYN_RECV;
}

static __always_inline void leave(struct sock *sk) {
    struct live *live = live_of(sk, TYPED);
    struct tcp_sock *tp = tcp_of(sk, TYPED);
    if (!live || !tp)
        return;
    live->flow.left = bpf_jiffies64();
    live->flow.ending = ending();
    live->flow.leaver = note_task(live->flow.leaver_comm);
    note_ages(&live->flow, tp);
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
    struct live *live = live_of(sk, TYPED);
    struct tcp_sock *tp = tcp_of(sk, TYPED);
    if (!live || !tp)
        return;
    struct flow *flow = &live->flow;
    flow->ended = bpf_ktime_get_boot_ns();
    flow->before = old;
    flow->snd_nxt = tp->snd_nxt;
    flow->rcv_nxt = tp->rcv_nxt;
    flow->sent = tp->bytes_acked;
    flow->received = tp->bytes_received;
    flow->error = sk->sk_err;
    flow->srtt = tp->srtt_us;
    if (!flow->left)
        note_ages(flow, tp);
    flow->user_timeout = tp->inet_conn.icsk_user_timeout;
    flow->heard_age = (__u32)bpf_jiffies64() - tp->rcv_tstamp;
    key.netns = netns_of_sock(sk, TYPED);
    read_tuple(sk, &key.ends, TYPED);
    keep(&key, flow);
}

/* The other end's part, and a handshake that may still fail: nothing that a verdict needs. */
#define UNTOLD (1 << CLOSE_WAIT | 1 << FIN_WAIT2 | 1 << CLOSING | 1 << SYN_RECV)

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int old, int new) {
    if (UNTOLD >> new & 1 || sk->sk_protocol != IPPROTO_TCP)
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
