/* Reading kernel structures: addresses, namespaces, headers. */
#ifndef WHYRST_READ_H
#define WHYRST_READ_H

#include "event.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define TCP_HEADER 20
#define SYN 2
#define RST 4
#define ACK 16
#define ANY 0xff

enum state { ESTABLISHED = 1, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN,
             CLOSING, NEW_SYN_RECV };

/* Tracepoints and fentry hand over typed pointers, which can be read directly; kprobes do not, so that each read is a
 * call. `typed` is a constant wherever it stands. */
#define GET(typed, p, field) ((typed) ? (p)->field : BPF_CORE_READ(p, field))

static __always_inline void mapped(__u8 *to, __be32 address) {
    __builtin_memset(to, 0, 10);
    to[10] = to[11] = 0xff;
    __builtin_memcpy(to + 12, &address, 4);
}

static __always_inline int is_full(int state) {
    return state != TIME_WAIT && state != NEW_SYN_RECV;
}

/* Addresses of any kind of socket: they stand in its common part. The port that a closed socket gave back is still in
 * inet_sport. */
static __always_inline void read_tuple(struct sock *sk, struct tuple *ends, const int typed) {
    ends->local_port = GET(typed, sk, __sk_common.skc_num);
    if (!ends->local_port && is_full(GET(typed, sk, __sk_common.skc_state)))
        ends->local_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
    ends->remote_port = bpf_ntohs(GET(typed, sk, __sk_common.skc_dport));
    if (GET(typed, sk, __sk_common.skc_family) == AF_INET6) {
        BPF_CORE_READ_INTO(&ends->local, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
        BPF_CORE_READ_INTO(&ends->remote, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
    } else {
        mapped(ends->local, GET(typed, sk, __sk_common.skc_rcv_saddr));
        mapped(ends->remote, GET(typed, sk, __sk_common.skc_daddr));
    }
}

static __always_inline __u32 netns_of_sock(struct sock *sk, const int typed) {
    return typed ? sk->__sk_common.skc_net.net->ns.inum : BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

/* skb->dev is gone once a segment waited in a socket's backlog; the route is not. */
static __always_inline __u32 netns_of_skb(struct sk_buff *skb, const int typed) {
    struct net_device *dev = GET(typed, skb, dev);
    if (typed && dev)
        return dev->nd_net.net->ns.inum;
    if (!dev) {
        struct dst_entry *dst = (struct dst_entry *)(BPF_CORE_READ(skb, _skb_refdst) & ~1UL);
        dev = dst ? BPF_CORE_READ(dst, dev) : 0;
    }
    return dev ? BPF_CORE_READ(dev, nd_net.net, ns.inum) : 0;
}

struct headers {
    unsigned char *ip;
    unsigned char *tcp;
    __u8 version;
    __u8 flags;
    __u8 offset;  /* length of the TCP header */
    __u8 next;    /* protocol behind the IP header */
    __u32 linear; /* bytes from the IP header on that can be read */
    __u32 length; /* ... and all of them: payload may lie in fragments */
    __be16 ports[2];
    __u8 fixed[40]; /* of the IP header: all of IPv6's */
};

/* Where the headers of a segment that was received stand. Returns 0 when it is not TCP over IP, or has none of the
 * wanted flags. */
static __always_inline int find_headers(struct sk_buff *skb, struct headers *h, __u8 wanted, const int typed) {
    unsigned char *head = GET(typed, skb, head);
    __u16 network = GET(typed, skb, network_header), transport = GET(typed, skb, transport_header);
    __u8 tcp[14];
    if (!head || !network || transport == 0xffff || transport <= network)
        return 0;
    h->ip = head + network;
    h->tcp = head + transport;
    bpf_probe_read_kernel(tcp, sizeof(tcp), h->tcp);
    h->offset = (tcp[12] >> 4) << 2;
    h->flags = tcp[13];
    if (wanted != ANY && !(h->flags & wanted)) /* a scanner's segment may have no flag at all */
        return 0;
    __builtin_memcpy(h->ports, tcp, sizeof(h->ports));
    bpf_probe_read_kernel(h->fixed, sizeof(h->fixed), h->ip);
    h->version = h->fixed[0] >> 4;
    h->next = h->version == 4 ? h->fixed[9] : h->fixed[6];
    unsigned char *data = GET(typed, skb, data);
    __u32 apart = GET(typed, skb, data_len);
    __s64 end = (__s64)(data + GET(typed, skb, len) - h->ip);
    h->length = end > 0 ? end : 0;
    h->linear = h->length > apart ? h->length - apart : 0;
    return (h->version == 4 || h->version == 6) && h->linear >= TCP_HEADER + TCP_HEADER;
}

/* A segment's addresses from the view of the host that received it. */
static __always_inline void read_packet(struct headers *h, struct tuple *ends) {
    ends->remote_port = bpf_ntohs(h->ports[0]);
    ends->local_port = bpf_ntohs(h->ports[1]);
    if (h->version == 4) {
        __be32 address[2];
        __builtin_memcpy(address, h->fixed + 12, sizeof(address));
        mapped(ends->remote, address[0]);
        mapped(ends->local, address[1]);
    } else {
        __builtin_memcpy(ends->remote, h->fixed + 8, 16);
        __builtin_memcpy(ends->local, h->fixed + 24, 16);
    }
}

#endif
