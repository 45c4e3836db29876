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

/* How memory is read. Tracepoints and fentry hand over typed pointers, which need no call; kprobes do not. Since Linux
 * 6.2 any address can be made a typed pointer. It is a constant wherever it stands. */
enum way { PROBED, TYPED, CAST };

#define GET(way, p, field) ((way) ? (p)->field : BPF_CORE_READ(p, field))

extern void *bpf_rdonly_cast(void *address, __u32 type) __ksym __weak;

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
static __always_inline void read_tuple(struct sock *sk, struct tuple *ends, const enum way way) {
    ends->local_port = GET(way, sk, __sk_common.skc_num);
    if (!ends->local_port && is_full(GET(way, sk, __sk_common.skc_state)))
        ends->local_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
    ends->remote_port = bpf_ntohs(GET(way, sk, __sk_common.skc_dport));
    if (GET(way, sk, __sk_common.skc_family) == AF_INET6) {
        BPF_CORE_READ_INTO(&ends->local, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
        BPF_CORE_READ_INTO(&ends->remote, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
    } else {
        mapped(ends->local, GET(way, sk, __sk_common.skc_rcv_saddr));
        mapped(ends->remote, GET(way, sk, __sk_common.skc_daddr));
    }
}

static __always_inline __u32 netns_of_sock(struct sock *sk, const enum way way) {
    return way ? sk->__sk_common.skc_net.net->ns.inum : BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

/* skb->dev is gone once a segment waited in a socket's backlog; the route is not. */
static __always_inline __u32 netns_of_skb(struct sk_buff *skb, const enum way way) {
    struct net_device *dev = GET(way, skb, dev);
    if (way && dev)
        return dev->nd_net.net->ns.inum;
    if (!dev) {
        struct dst_entry *dst = (struct dst_entry *)(BPF_CORE_READ(skb, _skb_refdst) & ~1UL);
        dev = dst ? BPF_CORE_READ(dst, dev) : 0;
    }
    return dev ? BPF_CORE_READ(dev, nd_net.net, ns.inum) : 0;
}

/* The TCP part of a full socket. */
static __always_inline struct tcp_sock *tcp_of(struct sock *sk, const enum way way) {
    if (way == CAST)
        return bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
    return way == TYPED ? bpf_skc_to_tcp_sock(sk) : (struct tcp_sock *)sk;
}

struct headers {
    unsigned char *ip;
    unsigned char *tcp;
    __u32 linear; /* bytes from the IP header on that can be read */
    __u32 length; /* ... and all of them: payload may lie in fragments */
    __u8 version;
    __u8 next;    /* protocol behind the IP header */
    __u8 offset;  /* length of the TCP header */
    __u8 flags;
};

/* Bytes at an address, of which a few are wanted: any structure that is an array of them will do. */
#define BYTES(address) ((struct in6_addr *)bpf_rdonly_cast(address, bpf_core_type_id_kernel(struct in6_addr)))->in6_u.u6_addr8

static __always_inline void read_tcp(struct headers *h, const enum way way) {
    __u8 tcp[14];
    if (way == CAST) {
        __u8 *bytes = BYTES(h->tcp);
        h->offset = (bytes[12] >> 4) << 2;
        h->flags = bytes[13];
    } else {
        bpf_probe_read_kernel(tcp, sizeof(tcp), h->tcp);
        h->offset = (tcp[12] >> 4) << 2;
        h->flags = tcp[13];
    }
}

static __always_inline void read_ip(struct headers *h, const enum way way) {
    __u8 ip[10];
    if (way == CAST) {
        __u8 *bytes = BYTES(h->ip);
        __u8 next[2] = {bytes[9], bytes[6]};
        h->version = bytes[0] >> 4;
        h->next = h->version == 4 ? next[0] : next[1];
    } else {
        bpf_probe_read_kernel(ip, sizeof(ip), h->ip);
        h->version = ip[0] >> 4;
        h->next = h->version == 4 ? ip[9] : ip[6];
    }
}

/* Where the headers of a segment that was received stand. Returns 0 when it is not TCP over IP, or has none of the
 * wanted flags. */
static __always_inline int find_headers(struct sk_buff *skb, struct headers *h, __u8 wanted, const enum way way) {
    unsigned char *head = GET(way, skb, head);
    __u16 network = GET(way, skb, network_header), transport = GET(way, skb, transport_header);
    if (!head || !network || transport == 0xffff || transport <= network)
        return 0;
    h->ip = head + network;
    h->tcp = head + transport;
    read_tcp(h, way);
    if (wanted != ANY && !(h->flags & wanted)) /* a scanner's segment may have no flag at all */
        return 0;
    read_ip(h, way);
    unsigned char *data = GET(way, skb, data);
    __u32 apart = GET(way, skb, data_len);
    __s64 end = (__s64)(data + GET(way, skb, len) - h->ip);
    h->length = end > 0 ? end : 0;
    h->linear = h->length > apart ? h->length - apart : 0;
    return (h->version == 4 || h->version == 6) && h->linear >= TCP_HEADER + TCP_HEADER;
}

/* A segment's addresses from the view of the host that received it. */
static __always_inline void read_packet(struct headers *h, struct tuple *ends) {
    __be16 ports[2] = {};
    __u8 ip[40] = {}; /* all of IPv6's header */
    bpf_probe_read_kernel(ports, sizeof(ports), h->tcp);
    bpf_probe_read_kernel(ip, sizeof(ip), h->ip);
    ends->remote_port = bpf_ntohs(ports[0]);
    ends->local_port = bpf_ntohs(ports[1]);
    if (h->version == 4) {
        __be32 address[2];
        __builtin_memcpy(address, ip + 12, sizeof(address));
        mapped(ends->remote, address[0]);
        mapped(ends->local, address[1]);
    } else {
        __builtin_memcpy(ends->remote, ip + 8, 16);
        __builtin_memcpy(ends->local, ip + 24, 16);
    }
}

#endif
