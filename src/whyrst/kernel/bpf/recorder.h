/* The flight recorder: who opened, accepted and left each connection, and how its socket ended.
 *
 * Two tables without chains, because these lines are written for every connection of the host, and a hash map costs ten
 * times as much. A line is lost when two newer connections take its pair of places: that costs what was known of the
 * connection, as when the recorder started later. */
#ifndef WHYRST_RECORDER_H
#define WHYRST_RECORDER_H

#include "event.h"
#include "read.h"

#define FLOWS 65536 /* a power of two */
#define CONNECTS 8192

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
    return hash & (FLOWS - 1);
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

/* A line for a new connection: its old one, or the older of the pair. The caller writes the flow, then the key. */
static __always_inline struct line *claim_line(const union flow_key *key) {
    __u32 place = place_of(key), other = place ^ 1;
    struct line *line = bpf_map_lookup_elem(&flows, &place), *next = bpf_map_lookup_elem(&flows, &other);
    if (!line || !next)
        return 0;
    if (!same(&line->key, key) && (same(&next->key, key) || next->flow.opened < line->flow.opened))
        line = next;
    line->key.netns = 0;
    barrier();
    return line;
}

/* Who called connect: the port is not chosen yet, so the socket itself is the key until the handshake ends. A table
 * without chains: a line is lost when another socket takes it, which costs a name, never a verdict. */
struct connect {
    __u64 socket;
    __u64 time;
    __u32 pid;
    __u32 spare;
    char comm[COMM];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, CONNECTS);
    __type(key, __u32);
    __type(value, struct connect);
} connects SEC(".maps");

/* A typed pointer as a number: the verifier allows no arithmetic on pointers. */
static __always_inline __u64 number_of(struct sock *sk) {
    __u64 number = 0;
    bpf_probe_read_kernel(&number, sizeof(number), &sk);
    return number;
}

static __always_inline struct connect *line_of(__u64 socket) {
    __u32 index = (socket >> 6 ^ socket >> 18) % CONNECTS; /* sockets are some cache lines apart */
    return bpf_map_lookup_elem(&connects, &index);
}

static __always_inline struct connect *connect_of(struct sock *sk) {
    __u64 socket = number_of(sk);
    struct connect *line = line_of(socket);
    return line && line->socket == socket ? line : 0;
}

static __always_inline struct line *line_of_sock(struct sock *sk, union flow_key *key) {
    key->netns = netns_of_sock(sk, 1);
    read_tuple(sk, &key->ends, 1);
    return find_line(key);
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

#endif
