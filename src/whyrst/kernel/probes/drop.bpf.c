/* Resets that arrive and are not taken: outside of the window, answered by a challenge ACK, for nobody.
 *
 * kfree_skb has a reason since Linux 5.17. */
#include "../bpf/emit.h"

SEC("tp_btf/kfree_skb")
int BPF_PROG(drop, struct sk_buff *skb, void *location, __u32 reason) {
    struct headers h = {};
    if (reason == settings.taken)
        return 0;
    __be16 protocol = skb->protocol;
    if ((protocol != bpf_htons(0x0800) && protocol != bpf_htons(0x86dd)) || !find_headers(skb, &h, RST, 1))
        return 0;
    if (h.next != IPPROTO_TCP)
        return 0;
    return typed_reset(ctx, 0, skb, reason, TELL(DROPPED, 0));
}
