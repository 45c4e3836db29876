/* The flight recorder's retransmissions: how often a connection had to repeat itself, and when for the last time. */
#include "../bpf/emit.h"

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmit, struct sock *sk) {
    struct flow_key key = {};
    struct flow *flow = is_full(BPF_CORE_READ(sk, __sk_common.skc_state)) ? flow_of(sk, &key) : 0;
    if (flow) {
        flow->repeated = bpf_ktime_get_boot_ns();
        flow->repeats++;
    }
    return 0;
}
