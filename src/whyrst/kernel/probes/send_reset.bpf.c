/* Resets that the TCP stack sends.
 *
 * tcp_send_reset is called by tcp_send_active_reset (no skb), tcp_v4_send_reset and tcp_v6_send_reset. Its reason came
 * with Linux 6.10; from then on it is also called where there is no full socket. Before, only a program on each of the
 * three functions sees every reset: fentry, or a kprobe where the kernel has no BPF trampolines. */
#include "../bpf/emit.h"

/* A system call of the socket's owner: an active reset outside of softirqs and idle tasks. */
static __always_inline __u32 in_process(struct sk_buff *skb) {
    return !skb && bpf_get_current_pid_tgid() >> 32 ? IN_PROCESS : 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(send_reset, struct sock *sk, struct sk_buff *skb, __u32 reason) {
    return reset(ctx, sk, skb, reason, TELL(SENT, in_process(skb)), CAST);
}

/* Linux 5.x to 6.9 where the functions cannot be watched: full sockets only. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(send_reset_full, struct sock *sk, struct sk_buff *skb) {
    return reset(ctx, sk, skb, 0, TELL(SENT, in_process(skb) | BY_KPROBE), TYPED);
}

/* The functions return without a reset for a reset, and, without a socket, for what is not addressed to this host
 * (net/ipv4/tcp_ipv4.c, tcp_v4_send_reset). */
static __always_inline int answers(struct sk_buff *skb, struct sock *sk, const enum way way) {
    struct headers h = {};
    if (!find_headers(skb, &h, ANY, way) || h.flags & RST)
        return 0;
    if (sk || h.version == 6)
        return 1;
    struct rtable *route = (struct rtable *)(BPF_CORE_READ(skb, _skb_refdst) & ~1UL);
    return route && BPF_CORE_READ(route, rt_type) == 2; /* RTN_LOCAL */
}

/* Three callers each, so that the kernel checks the code once. */
static __noinline int entered(void *ctx, struct sock *sk, struct sk_buff *skb, __u32 told) {
    return reset(ctx, sk, skb, 0, told, TYPED);
}

static __noinline int probed(void *ctx, struct sock *sk, struct sk_buff *skb, __u32 told) {
    return reset(ctx, sk, skb, 0, told, PROBED);
}

SEC("fentry/tcp_send_active_reset")
int BPF_PROG(enter_active_reset, struct sock *sk) {
    return entered(ctx, sk, 0, TELL(SENT, in_process(0) | BY_KPROBE));
}

SEC("fentry/tcp_v4_send_reset")
int BPF_PROG(enter_v4_reset, struct sock *sk, struct sk_buff *skb) {
    return answers(skb, sk, TYPED) ? entered(ctx, sk, skb, TELL(SENT, BY_KPROBE)) : 0;
}

SEC("fentry/tcp_v6_send_reset")
int BPF_PROG(enter_v6_reset, struct sock *sk, struct sk_buff *skb) {
    return answers(skb, sk, TYPED) ? entered(ctx, sk, skb, TELL(SENT, BY_KPROBE)) : 0;
}

SEC("kprobe/tcp_send_active_reset")
int BPF_KPROBE(send_active_reset, struct sock *sk) {
    return probed(ctx, sk, 0, TELL(SENT, in_process(0) | BY_KPROBE));
}

SEC("kprobe/tcp_v4_send_reset")
int BPF_KPROBE(v4_send_reset, struct sock *sk, struct sk_buff *skb) {
    return answers(skb, sk, PROBED) ? probed(ctx, sk, skb, TELL(SENT, BY_KPROBE)) : 0;
}

SEC("kprobe/tcp_v6_send_reset")
int BPF_KPROBE(v6_send_reset, struct sock *sk, struct sk_buff *skb) {
    return answers(skb, sk, PROBED) ? probed(ctx, sk, skb, TELL(SENT, BY_KPROBE)) : 0;
}
