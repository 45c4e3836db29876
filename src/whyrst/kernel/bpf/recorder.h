/* The flight recorder: who opened, accepted and left each connection, and how its socket ended.
 *
 * A live socket has its line by its address. When it goes and the other end may still speak to it, the line is copied to
 * the table of ended connections, which is asked by addresses and ports. Both are tables without chains: they are
 * written for every connection of the host, and a hash map costs ten times as much. A line is lost when another one
 * takes its place: that costs what was known of the connection, as if the recorder had started later. */
#ifndef WHYRST_RECORDER_H
#define WHYRST_RECORDER_H

#include "read.h"
#include "settings.h"
#include "task.h"

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
    struct sock *socket; /* compared, never followed */
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
    __u64 time; /* jiffies */
    __u32 pid;
    __u32 place; /* of its socket */
};

#define ATTEMPTS 1024
#define RACE (settings.hz * 77 >> 8) /* jiffies: 300 ms; RFC 8305 section 5: 250 ms */

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, ATTEMPTS);
    __type(key, __u32);
    __type(value, struct attempt);
} attempts SEC(".maps");

/* Where a socket has its line. The verifier allows no arithmetic on pointers but the distance of two; a kprobe has the
 * socket as a number, and needs the other one as a number, too. */
static __always_inline __u32 place_of_socket(struct sock *sk, const enum way way) {
    __u64 distance = (__u64)sk, from = 0;
    void *map = &sockets;
    if (way) {
        asm volatile("%0 -= %1" : "+r"(distance) : "r"(map));
    } else {
        bpf_probe_read_kernel(&from, sizeof(from), &map);
        distance -= from;
    }
    return distance * 0x9e3779b97f4a7c15ULL >> 49; /* 15 bits: SOCKETS */
}

static __always_inline struct live *live_of(struct sock *sk, const enum way way) {
    __u32 place = place_of_socket(sk, way);
    struct live *live = bpf_map_lookup_elem(&sockets, &place);
    return live && live->socket == sk ? live : 0;
}

/* The line of a socket that begins a new connection. */
static __always_inline struct live *begin(struct sock *sk, __u32 place) {
    struct live *live = bpf_map_lookup_elem(&sockets, &place);
    if (!live)
        return 0;
    __builtin_memset(&live->flow, 0, __builtin_offsetof(struct flow, owner_comm));
    live->socket = sk;
    live->flow.opened = bpf_jiffies64();
    return live;
}

/* Whether one process began both within RACE. */
static __always_inline int compete(__u64 opened, __u32 owner, __u64 other, __u32 theirs) {
    return owner == theirs && opened - other + RACE <= 2 * RACE;
}

/* Two connections that one process began at the same time know of each other. */
static __always_inline void race(struct flow *flow, __u32 place) {
    __u32 at = flow->owner & (ATTEMPTS - 1);
    struct attempt *last = bpf_map_lookup_elem(&attempts, &at);
    if (!last)
        return;
    if (compete(flow->opened, flow->owner, last->time, last->pid) && last->place != place) {
        __u32 there = last->place;
        struct live *other = bpf_map_lookup_elem(&sockets, &there);
        flow->rival = there + 1;
        if (other && compete(flow->opened, flow->owner, other->flow.opened, other->flow.owner))
            other->flow.rival = place + 1;
    }
    last->pid = flow->owner;
    last->place = place;
    last->time = flow->opened;
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

static __always_inline void listening(struct sock *sk, int begins) {
    struct tuple ends = {};
    struct listener fresh = {}, *line;
    read_tuple(sk, &ends, TYPED);
    struct listener_key key = {.netns = netns_of_sock(sk, TYPED), .port = ends.local_port};
    line = bpf_map_lookup_elem(&listeners, &key);
    if (!line) {
        bpf_map_update_elem(&listeners, &key, &fresh, BPF_NOEXIST);
        line = bpf_map_lookup_elem(&listeners, &key);
        if (!line)
            return;
    }
    line->pid = note_task(line->comm);
    line->ending = ending();
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
static __always_inline void note_ages(struct flow *flow, struct tcp_sock *tp) {
    __u32 now = (__u32)bpf_jiffies64();
    flow->sent_age = now - tp->lsndtime;
    flow->received_age = now - tp->inet_conn.icsk_ack.lrcvtime;
}

#endif
