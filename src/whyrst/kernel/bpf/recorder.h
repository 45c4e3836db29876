/* The flight recorder: who opened, accepted and left each connection, and how its socket ended.
 *
 * A live socket has its line by its address. When it goes and the other end may still speak to it, the line is copied to
 * the table of ended connections, which is asked by addresses and ports. Both are tables without chains: they are
 * written for every connection of the host, and a hash map costs ten times as much. A line is lost when another one
 * takes its place: that costs what was known of the connection, as if the recorder had started later. */
#ifndef WHYRST_RECORDER_H
#define WHYRST_RECORDER_H

#include "event.h"
#include "read.h"

#define SOCKETS 32768 /* powers of two */
#define FLOWS 32768

struct line {
    union flow_key key; /* netns 0: free, or being written */
    struct flow flow;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, FLOWS);
    __type(key, __u32);
    __type(value, struct line);
} flows SEC(".maps");

struct live {
    __u64 socket;
    struct flow flow;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, SOCKETS);
    __type(key, __u32);
    __type(value, struct live);
} sockets SEC(".maps");

/* The connection that a process began last: two within RACE are a race, of which one may be given up. */
struct attempt {
    __u64 socket;
    __u64 time;
    __u32 pid;
    __u32 spare;
};

#define ATTEMPTS 1024
#define RACE 300000000ULL /* RFC 8305 section 5: 250 ms */

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, ATTEMPTS);
    __type(key, __u32);
    __type(value, struct attempt);
} attempts SEC(".maps");

/* A typed pointer as a number: the verifier allows no arithmetic on pointers. */
static __always_inline __u64 number_of(struct sock *sk) {
    __u64 number = 0;
    bpf_probe_read_kernel(&number, sizeof(number), &sk);
    return number;
}

static __always_inline struct live *live_at(__u64 socket) {
    __u32 place = socket * 0x9e3779b97f4a7c15ULL >> 49; /* 15 bits: SOCKETS */
    return bpf_map_lookup_elem(&sockets, &place);
}

static __always_inline struct live *live_of(struct sock *sk) {
    __u64 socket = number_of(sk);
    struct live *live = live_at(socket);
    return live && live->socket == socket ? live : 0;
}

/* The line of a socket that begins a new connection. */
static __always_inline struct live *begin(struct sock *sk) {
    __u64 socket = number_of(sk);
    struct live *live = live_at(socket);
    if (!live)
        return 0;
    __builtin_memset(&live->flow, 0, sizeof(live->flow));
    live->socket = socket;
    return live;
}

/* Two connections that one process began at the same time know of each other. */
static __always_inline void race(struct live *live) {
    __u32 place = live->flow.owner & (ATTEMPTS - 1);
    struct attempt *last = bpf_map_lookup_elem(&attempts, &place);
    if (!last)
        return;
    if (last->pid == live->flow.owner && live->flow.opened - last->time < RACE && last->socket != live->socket) {
        struct live *other = live_at(last->socket);
        live->flow.rival = last->socket;
        if (other && other->socket == last->socket)
            other->flow.rival = live->socket;
    }
    last->pid = live->flow.owner;
    last->socket = live->socket;
    last->time = live->flow.opened;
}

static __always_inline int same(const union flow_key *a, const union flow_key *b) {
    return a->words[0] == b->words[0] && a->words[1] == b->words[1] && a->words[2] == b->words[2] &&
           a->words[3] == b->words[3] && a->words[4] == b->words[4];
}

static __always_inline __u32 place_of(const union flow_key *key) {
    __u64 hash = 0;
    for (int k = 0; k < 5; k++) {
        hash = (hash ^ key->words[k]) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 29;
    }
    return hash * 0x9e3779b97f4a7c15ULL >> 49; /* 15 bits: FLOWS; the lower ones hardly depend on the ports */
}

static __always_inline struct line *find_line(const union flow_key *key) {
    __u32 place = place_of(key);
    struct line *line = bpf_map_lookup_elem(&flows, &place);
    if (line && same(&line->key, key))
        return line;
    place ^= 1;
    line = bpf_map_lookup_elem(&flows, &place);
    return line && same(&line->key, key) ? line : 0;
}

/* Keep what is known of a socket that is gone: in its old line, or in the older of the pair. */
static __always_inline void keep(const union flow_key *key, const struct flow *flow) {
    __u32 place = place_of(key), other = place ^ 1;
    struct line *line = bpf_map_lookup_elem(&flows, &place), *next = bpf_map_lookup_elem(&flows, &other);
    if (!line || !next)
        return;
    if (!same(&line->key, key) && (same(&next->key, key) || next->flow.ended < line->flow.ended))
        line = next;
    line->key.netns = 0;
    barrier();
    __builtin_memcpy(&line->flow, flow, sizeof(*flow));
    barrier();
    line->key = *key;
}

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, struct listener_key);
    __type(value, struct listener);
} listeners SEC(".maps");

#define PF_EXITING 4
#define ENDING 0x80

/* Whether the current process is ending: 0 no; 0x80 by itself; 0x80 + the signal that killed it. */
static __always_inline __u8 ending_of_current(void) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    if (!(BPF_CORE_READ(task, flags) & PF_EXITING))
        return 0;
    return ENDING | (BPF_CORE_READ(task, signal, group_exit_code) & 0x7f);
}

static __always_inline void listening(struct sock *sk, int begins) {
    struct tuple ends = {};
    struct listener fresh = {}, *line;
    read_tuple(sk, &ends, 1);
    struct listener_key key = {.netns = netns_of_sock(sk, 1), .port = ends.local_port};
    line = bpf_map_lookup_elem(&listeners, &key);
    if (!line) {
        bpf_map_update_elem(&listeners, &key, &fresh, BPF_NOEXIST);
        line = bpf_map_lookup_elem(&listeners, &key);
        if (!line)
            return;
    }
    line->pid = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(line->comm, COMM);
    line->ending = ending_of_current();
    if (begins) {
        line->opened = bpf_ktime_get_boot_ns();
        line->open++;
    } else {
        line->closed = bpf_ktime_get_boot_ns();
        if (line->open)
            line->open--;
    }
}

/* When data passed last, in both directions. */
static __always_inline void read_ages(struct flow *flow, struct sock *sk) {
    __u32 now = (__u32)bpf_jiffies64();
    flow->sent_age = now - BPF_CORE_READ((struct tcp_sock *)sk, lsndtime);
    flow->received_age = now - BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_ack.lrcvtime);
}

#endif
