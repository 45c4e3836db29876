/* The flight recorder's retransmissions: how often a connection had to repeat itself, and when for the last time. */
#include "../bpf/emit.h"

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmit, struct sock *sk) {
    struct live *live = live_of(sk);
    if (live) {
        live->flow.repeated = bpf_ktime_get_boot_ns();
        live->flow.repeats++;
    }
    return 0;
}
