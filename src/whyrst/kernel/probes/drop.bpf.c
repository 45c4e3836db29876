/* Resets that arrive and are not taken: outside of the window, answered by a challenge ACK, for nobody.
 *
 * kfree_skb has a reason since Linux 5.17. This runs for every packet that is dropped, so that on kernels where it can,
 * it looks at flags without a call. */
#include "../bpf/emit.h"

static __always_inline int dropped(void *ctx, struct sk_buff *skb, __u32 reason, const enum way way) {
    struct headers h = {};
    if (reason == settings.taken)
        return 0;
    __be16 protocol = skb->protocol;
    if ((protocol != bpf_htons(0x0800) && protocol != bpf_htons(0x86dd)) || !find_headers(skb, &h, RST, way))
        return 0;
    if (h.next != IPPROTO_TCP)
        return 0;
    return reset(ctx, 0, skb, reason, TELL(DROPPED, 0), way);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(drop, struct sk_buff *skb, void *location, __u32 reason) {
    return dropped(ctx, skb, reason, CAST);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(drop_by_calls, struct sk_buff *skb, void *location, __u32 reason) {
    return dropped(ctx, skb, reason, TYPED);
}
