/* Resets that a socket takes.
 *
 * tcp_reset (net/ipv4/tcp_input.c) has the segment since Linux 5.11, its tracepoint has not. Both are also called for a
 * connection that this host aborts itself on data after a close: no segment with RST, so not counted here. */
#include "../bpf/emit.h"

SEC("fentry/tcp_reset")
int BPF_PROG(take_reset, struct sock *sk, struct sk_buff *skb) {
    struct headers h = {};
    if (!find_headers(skb, &h, RST, TYPED))
        return 0;
    return reset(ctx, sk, skb, 0, TELL(RECEIVED, 0), TYPED);
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(receive_reset, struct sock *sk) {
    return reset(ctx, sk, 0, 0, TELL(RECEIVED, 0), TYPED);
}
