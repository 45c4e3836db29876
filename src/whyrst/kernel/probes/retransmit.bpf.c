/* The flight recorder's retransmissions: how often a connection had to repeat itself, which segment, and when for the
 * last time. */
#include "../bpf/emit.h"

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmit, struct sock *sk, struct sk_buff *skb) {
    struct live *live = live_of(sk, TYPED);
    if (!live)
        return 0;
    __u32 seq = *(__u32 *)skb->cb; /* include/net/tcp.h, TCP_SKB_CB(skb)->seq */
    live->flow.repeated = bpf_ktime_get_boot_ns();
    live->flow.repeats++;
    if (!live->flow.row || live->flow.repeat_seq != seq) {
        live->flow.repeat_seq = seq;
        live->flow.repeating = live->flow.repeated;
        live->flow.row = 0;
    }
    live->flow.row++;
    live->flow.repeat_length = skb->len;
    return 0;
}
