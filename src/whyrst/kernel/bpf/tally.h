/* Counts every reset: seen = delivered + sampled + lost for each kind, and how many of each shape.
 *
 * User space checks `seen` against the kernel's own counters. A storm has few shapes, so each CPU counts the latest ones
 * in lines of its own; what stands there is added to the table when another shape takes the line. */
#ifndef WHYRST_TALLY_H
#define WHYRST_TALLY_H

#include "event.h"
#include "settings.h"
#include <bpf/bpf_helpers.h>

#define RARE 16
#define LINES 8 /* for each CPU and kind; a power of two */

struct tally {
    __u64 seen, delivered, sampled, lost;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, KINDS);
    __type(key, __u32);
    __type(value, struct tally);
} tallies SEC(".maps");

/* What a reset is counted under: what tells most causes apart. */
union shape {
    struct {
        __u32 kind;
        __u32 reason;
        __u8 before;  /* the socket's state */
        __u8 flags;   /* the trigger's */
        __u8 payload; /* the trigger carried some */
        __u8 unread;  /* the socket held unread bytes */
        __u32 marks;
        __u32 netns;
        __u32 spare;
    };
    __u64 words[3];
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __type(key, union shape);
    __type(value, __u64);
} shapes SEC(".maps");

/* The latest shape of a line. User space reads it while it changes: what it copied belongs together when `changed`, which
 * is copied first, equals `changing`, which is copied last. */
struct latest {
    __u64 changed;
    union shape shape;
    __u64 before; /* of this shape in the table when it took the line; 0: the line is free */
    __u64 count;  /* ... and on this CPU since then */
    __u64 changing;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, KINDS * LINES);
    __type(key, __u32);
    __type(value, struct latest);
} latest SEC(".maps");

/* What may be handed over, by kind, for all CPUs. In a storm it is written once in a jiffy, and only read in between. */
struct bucket {
    __u64 filled; /* jiffies */
    __u64 tokens; /* 1 / hz each */
    __u64 spare[6]; /* a cache line of its own */
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, KINDS);
    __type(key, __u32);
    __type(value, struct bucket);
} buckets SEC(".maps");

/* CPUs may take one token at the same moment: a few more than allowed are handed over. */
static __always_inline int take_token(__u32 kind) {
    struct bucket *b = bpf_map_lookup_elem(&buckets, &kind);
    if (!b)
        return 0;
    __u64 now = bpf_jiffies64(), passed = now - b->filled, tokens = b->tokens;
    __u64 most = (__u64)settings.burst * settings.hz;
    barrier_var(tokens);
    if (!passed && tokens < settings.hz)
        return 0;
    tokens = passed > 60 * settings.hz ? most : tokens + passed * settings.rate;
    if (tokens > most)
        tokens = most;
    int taken = tokens >= settings.hz;
    b->filled = now;
    b->tokens = taken ? tokens - settings.hz : tokens;
    return taken;
}

static __always_inline int is_shape(const union shape *a, const union shape *b) {
    return a->words[0] == b->words[0] && a->words[1] == b->words[1] && a->words[2] == b->words[2];
}

/* Another shape takes a line. */
static __noinline int exchange(struct latest *line, const union shape *shape) {
    __u64 none = 0, *seen = 0;
    if (!line || !shape)
        return 0;
    line->changing++;
    barrier();
    if (line->count)
        seen = bpf_map_lookup_elem(&shapes, &line->shape);
    if (seen)
        __sync_fetch_and_add(seen, line->count);
    seen = bpf_map_lookup_elem(&shapes, shape);
    if (!seen) {
        bpf_map_update_elem(&shapes, shape, &none, BPF_NOEXIST);
        seen = bpf_map_lookup_elem(&shapes, shape);
    }
    line->shape = *shape;
    line->before = seen ? *seen : RARE + 1; /* the table is full: for long it is counted in the totals only */
    line->count = 0;
    barrier();
    line->changed++;
    return 0;
}

/* Count it; returns how many of its shape came before, as far as this CPU knows. */
static __always_inline __u64 count(const union shape *shape) {
    __u64 hash = ((shape->words[0] ^ shape->words[1]) * 0x9e3779b97f4a7c15ULL ^ shape->words[2]) * 0x9e3779b97f4a7c15ULL;
    __u32 place = shape->kind * LINES + (hash >> 61); /* 3 bits: LINES */
    struct latest *line = bpf_map_lookup_elem(&latest, &place);
    if (!line)
        return RARE + 1;
    if (!is_shape(&line->shape, shape))
        exchange(line, shape);
    return line->before + line->count++;
}

/* The first few of a shape are handed over whatever else comes in, then one for each doubling: every shape that is
 * counted has its verdict. */
static __always_inline int is_rare(__u64 before) {
    return before < RARE || !(before & (before - 1));
}

#endif
