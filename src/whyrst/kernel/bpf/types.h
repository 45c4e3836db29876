/* The fields of kernel structures that the probes read, by name: where they stand is found when the object is loaded,
 * from the running kernel's BTF (CO-RE). The order and the sizes here mean nothing.
 *
 * A name with three underscores is another version of the same structure: what follows them is ignored. */
#ifndef WHYRST_TYPES_H
#define WHYRST_TYPES_H
#define __VMLINUX_H__ /* libbpf: registers have the kernel's names */

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

enum bpf_map_type {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_PERCPU_ARRAY = 6,
    BPF_MAP_TYPE_LRU_HASH = 9,
    BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
    BPF_ANY = 0,
    BPF_NOEXIST = 1,
    BPF_F_USER_STACK = 256,
    BPF_RB_NO_WAKEUP = 1,
};

/* include/uapi/linux/bpf.h: helpers that not every kernel has. */
enum bpf_func_id {
    BPF_FUNC_get_current_task_btf = 158,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* arch/x86/include/asm/ptrace.h */
struct pt_regs {
    unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct in6_addr {
    union {
        __u8 u6_addr8[16];
    } in6_u;
};

struct ns_common {
    unsigned int inum;
};

struct net {
    struct ns_common ns;
};

typedef struct {
    struct net *net;
} possible_net_t;

struct net_device {
    possible_net_t nd_net;
};

struct dst_entry {
    struct net_device *dev;
};

struct rtable {
    struct dst_entry dst;
    __u16 rt_type;
};

typedef struct {
    __s64 counter;
} atomic64_t;

/* include/net/sock.h */
struct sock_common {
    __be32 skc_daddr;
    __be32 skc_rcv_saddr;
    __be16 skc_dport;
    __u16 skc_num;
    unsigned short skc_family;
    volatile unsigned char skc_state;
    possible_net_t skc_net;
    struct in6_addr skc_v6_daddr;
    struct in6_addr skc_v6_rcv_saddr;
    unsigned long skc_flags;
    __u32 skc_tw_rcv_nxt;
    __u32 skc_tw_snd_nxt;
    atomic64_t skc_cookie;
};

struct kernfs_node {
    __u64 id;
};

struct cgroup {
    struct kernfs_node *kn;
};

/* include/linux/sched.h */
struct signal_struct {
    int group_exit_code;
};

struct task_struct {
    unsigned int flags;
    __s32 tgid;
    char comm[16];
    struct signal_struct *signal;
};

struct sock_cgroup_data {
    struct cgroup *cgroup;
};

typedef struct {
    __u32 val;
} kuid_t;

struct socket;

struct sock {
    struct sock_common __sk_common;
    unsigned long sk_lingertime;
    __u32 sk_ack_backlog;
    __u32 sk_max_ack_backlog;
    int sk_err;
    kuid_t sk_uid;
    __u32 sk_mark;
    __u8 sk_shutdown;
    __u16 sk_protocol;
    int sk_wmem_queued;
    struct sock_cgroup_data sk_cgrp_data;
    struct socket *sk_socket;
};

struct socket {
    short type;
};

struct inode {
    unsigned long i_ino;
};

struct socket_alloc {
    struct socket socket;
    struct inode vfs_inode;
};

/* include/net/inet_sock.h */
struct inet_sock {
    __be16 inet_sport;
};

enum sock_flags {
    SOCK_DEAD,
    SOCK_DONE,
    SOCK_KEEPOPEN = 3,
    SOCK_LINGER = 4,
};

/* include/net/inet_connection_sock.h */
struct inet_connection_sock_ack {
    __u32 lrcvtime;
};

typedef struct {
    int counter;
} atomic_t;

struct request_sock_queue {
    atomic_t qlen;
};

struct inet_connection_sock {
    struct request_sock_queue icsk_accept_queue;
    __u8 icsk_retransmits;
    __u8 icsk_probes_out;
    __u8 icsk_backoff;
    __u32 icsk_user_timeout;
    struct {
        __u32 lrcvtime;
    } icsk_ack;
};

/* include/linux/tcp.h */
struct tcp_options_received {
    __u16 snd_wscale : 4, rcv_wscale : 4, tstamp_ok : 1;
};

struct tcp_sock {
    struct inet_connection_sock inet_conn;
    __u32 rcv_nxt;
    __u32 copied_seq;
    __u32 snd_nxt;
    __u32 snd_una;
    __u32 write_seq;
    __u32 rcv_wnd;
    __u32 snd_wnd;
    __u32 lsndtime;
    __u32 rcv_tstamp;
    __u32 total_retrans;
    __u32 srtt_us;
    __u64 bytes_sent;
    __u64 bytes_acked;
    __u64 bytes_received;
    __u32 packets_out;
    int linger2;
    struct tcp_options_received rx_opt;
};

struct inet_timewait_sock {
    struct sock_common __tw_common;
    volatile unsigned char tw_substate;
};

/* include/linux/skbuff.h */
struct sk_buff {
    unsigned char *head;
    unsigned char *data;
    unsigned int len;
    unsigned int data_len;
    char cb[48];
    __u16 network_header;
    __u16 transport_header;
    __be16 protocol;
    struct net_device *dev;
    unsigned long _skb_refdst;
};

/* include/uapi/linux/tcp.h, as bytes: the flags stand in byte 13. */
struct tcphdr {
    __be16 source;
    __be16 dest;
    __be32 seq;
    __be32 ack_seq;
};

#pragma clang attribute pop

#endif
