/* The flight recorder's states: who opened and left a connection, and how its socket ended.
 *
 * inet_sock_set_state runs in the system call that connects, shuts down or closes, and in softirqs for what the other
 * end does, where `current` is whoever was interrupted. Only the changes that a verdict needs are looked up: this runs
 * for every connection of the host. */
#include "../bpf/emit.h"

#define ECONNREFUSED 111

static __always_inline void call_connect(struct sock *sk) {
    __u64 socket = number_of(sk);
    struct connect *line = line_of(socket);
    if (!line)
        return;
    line->socket = socket;
    line->time = bpf_ktime_get_boot_ns();
    line->pid = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(line->comm, COMM);
}

static __always_inline void read_end(struct flow *flow, struct sock *sk, int old, __u64 now) {
    struct tcp_sock *tp = (struct tcp_sock *)sk;
    flow->ended = now;
    flow->before = old;
    flow->state = CLOSE;
    flow->snd_nxt = BPF_CORE_READ(tp, snd_nxt);
    flow->rcv_nxt = BPF_CORE_READ(tp, rcv_nxt);
    flow->sent = BPF_CORE_READ(tp, bytes_acked);
    flow->received = BPF_CORE_READ(tp, bytes_received);
    flow->error = BPF_CORE_READ(sk, sk_err);
}

/* The handshake is over, on either side, or a connect failed. */
static __always_inline void open_flow(struct sock *sk, int old, int new, __u64 now) {
    union flow_key key = {};
    key.netns = netns_of_sock(sk, 1);
    read_tuple(sk, &key.ends, 1);
    struct line *line = claim_line(&key);
    if (!line)
        return;
    struct flow *flow = &line->flow;
    __builtin_memset(flow, 0, sizeof(*flow));
    flow->opened = now;
    flow->passive = old == SYN_RECV;
    flow->state = new;
    flow->cpu = bpf_get_smp_processor_id();
    if (old == SYN_SENT) {
        struct connect *call = connect_of(sk);
        if (call) {
            flow->opened = call->time;
            flow->opener = call->pid;
            __builtin_memcpy(flow->opener_comm, call->comm, COMM);
        }
    }
    if (new == ESTABLISHED)
        flow->established = now;
    else
        read_end(flow, sk, old, now);
    barrier();
    line->key = key;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int old, int new) {
    union flow_key key = {};
    if (new == CLOSE_WAIT || new == FIN_WAIT2 || new == CLOSING || new == SYN_RECV)
        return 0;
    if (sk->sk_protocol != IPPROTO_TCP)
        return 0;
    if (old == LISTEN || new == LISTEN) {
        listening(sk, new == LISTEN);
        return 0;
    }
    if (new == SYN_SENT) {
        call_connect(sk);
        return 0;
    }
    if (old == SYN_SENT && sk->sk_err == ECONNREFUSED)
        return 0; /* was told as a reset, and leaves nothing that a later segment could be for */
    __u64 now = bpf_ktime_get_boot_ns();
    if (old == SYN_SENT || new == ESTABLISHED) {
        open_flow(sk, old, new, now);
        return 0;
    }
    struct line *line = line_of_sock(sk, &key);
    if (!line || old == CLOSE)
        return 0;
    struct flow *flow = &line->flow;
    if (new == FIN_WAIT1 || new == LAST_ACK) {
        flow->state = new;
        flow->left = now;
        flow->leaver = bpf_get_current_pid_tgid() >> 32;
        flow->ending = ending_of_current();
        bpf_get_current_comm(flow->leaver_comm, COMM);
    } else if (new == CLOSE) {
        read_end(flow, sk, old, now);
    }
    return 0;
}
