/* The flight recorder: who opened, accepted and left each connection, and how its socket ended. Bounded: when the map
 * is full, the connection that was longest untouched is forgotten. */
#ifndef WHYRST_RECORDER_H
#define WHYRST_RECORDER_H

#include "event.h"
#include "read.h"

#define FLOWS 65536
#define CONNECTS 4096

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, FLOWS);
    __type(key, struct flow_key);
    __type(value, struct flow);
} flows SEC(".maps");

/* Who called connect: the port is not chosen yet, so the socket itself is the key until the handshake ends. */
struct connect {
    __u64 time;
    __u32 pid;
    __u32 spare;
    char comm[COMM];
};

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, CONNECTS);
    __type(key, __u64);
    __type(value, struct connect);
} connects SEC(".maps");

static __always_inline struct flow *flow_of(struct sock *sk, struct flow_key *key) {
    __builtin_memset(key, 0, sizeof(*key));
    key->netns = netns_of_sock(sk);
    read_tuple(sk, &key->ends);
    return bpf_map_lookup_elem(&flows, key);
}

#endif
