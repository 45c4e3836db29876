/* The flight recorder's retransmissions: how often a connection had to repeat itself, and when for the last time. */
#include "../bpf/emit.h"

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmit, struct sock *sk) {
    union flow_key key = {};
    struct line *line = is_full(sk->__sk_common.skc_state) ? line_of_sock(sk, &key) : 0;
    if (line) {
        line->flow.repeated = bpf_ktime_get_boot_ns();
        line->flow.repeats++;
    }
    return 0;
}
