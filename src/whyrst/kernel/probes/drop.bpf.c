/* Resets that arrive and are not taken: outside of the window, answered by a challenge ACK, for nobody.
 *
 * kfree_skb has a reason since Linux 5.17. */
#include "../bpf/emit.h"

SEC("tp_btf/kfree_skb")
int BPF_PROG(drop, struct sk_buff *skb, void *location, __u32 reason) {
    struct headers h = {};
    __u8 next = 0;
    if (reason == settings.taken)
        return 0;
    __be16 protocol = skb->protocol;
    if ((protocol != bpf_htons(0x0800) && protocol != bpf_htons(0x86dd)) || !find_headers(skb, &h, RST, 1))
        return 0;
    bpf_probe_read_kernel(&next, 1, h.ip + (h.version == 4 ? 9 : 6));
    if (next != IPPROTO_TCP)
        return 0;
    return typed_reset(ctx, 0, skb, reason, TELL(DROPPED, 0));
}
