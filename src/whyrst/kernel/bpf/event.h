/* What a probe tells user space. `whyrst.kernel.wire` reads the same layout; a test compares both. */
#ifndef WHYRST_EVENT_H
#define WHYRST_EVENT_H

#include "types.h"

#define COMM 16
#define TRIGGER 192
#define STACK 24
#define USER_STACK 16

enum kind {
    SENT = 0,
    RECEIVED = 1,
    DROPPED = 2, /* a reset that arrived and was not taken */
    KINDS = 3,
};

enum mark {
    HAS_SOCKET = 1,   /* `socket` holds addresses */
    FULL_SOCKET = 2,  /* ... of a full socket: the numbers are its own */
    HAS_TRIGGER = 4,  /* `trigger` holds a segment */
    HAS_FLOW = 8,     /* `flow` holds what was recorded before */
    IN_PROCESS = 16,  /* a system call: the current process is the one that acted */
    LINGERS = 32,     /* SO_LINGER is set */
    ORPHAN = 64,      /* no process holds the socket */
    KEEPALIVE = 128,  /* SO_KEEPALIVE is set */
    TIMESTAMPS = 256, /* the timestamps option was agreed on */
    BY_KPROBE = 512,  /* no reason: the kernel function was probed */
    HAS_LISTENER = 1024, /* `listener` is filled */
};

struct tuple {
    __u8 local[16];
    __u8 remote[16];
    __u16 local_port;
    __u16 remote_port;
};

/* The flight recorder's key: one connection, from one of its ends. */
union flow_key {
    struct {
        __u32 netns;
        struct tuple ends;
    };
    __u64 words[5];
};

/* What every connection passes is told in jiffies: a reading of the clock costs as much as all else that is noted. */
struct flow {
    __u64 opened;       /* SYN sent, or handshake complete on the accepting side; jiffies */
    __u64 established;  /* jiffies */
    __u64 left;         /* when a process closed or shut it down; jiffies */
    __u64 ended;        /* when the socket was gone (TIME_WAIT and orphaned FIN_WAIT2 live on without it); ns since
                         * boot, like those that follow */
    __u64 repeated;     /* latest retransmission */
    __u64 repeating;    /* first one of that segment */
    __u64 reset;        /* latest reset sent or taken */
    __u32 rival;        /* where the other one has its line that the process began within RACE, plus one; 0: none */
    __u32 owner;        /* pid that connected or accepted; 0: not on record */
    __u32 leaver;
    __u32 reset_reason; /* of `reset`, plus one; 0: taken, not sent */
    __u32 repeat_seq;   /* the segment that was repeated last ... */
    __u32 repeat_length;
    __u16 repeats;
    __u16 row;          /* ... and how often */
    __u8 passive;       /* accepted, not opened */
    __u8 cpu;           /* that established it */
    __u8 ending;        /* of the leaver, see `ending` */
    __u8 before;        /* the state before the socket was gone */
    /* What follows is not cleared when another connection begins: it counts once there is an owner, ... */
    char owner_comm[COMM];
    /* ... once it was left or has ended, ... */
    __u32 sent_age;     /* jiffies since data was sent, when it was left, else at the end */
    __u32 received_age; /* ... since data was received */
    char leaver_comm[COMM];
    /* ... once it has ended. */
    __u64 sent;         /* payload bytes acknowledged */
    __u64 received;
    __u32 error;        /* sk_err */
    __u32 snd_nxt;
    __u32 rcv_nxt;
    __u32 user_timeout; /* TCP_USER_TIMEOUT, ms */
    __u32 heard_age;    /* jiffies since anything was received */
    __u32 srtt;         /* us << 3 */
};

/* Who listened, or listens, on a port: any address of one network namespace. */
struct listener_key {
    __u32 netns;
    __u32 port;
};

struct listener {
    __u64 opened; /* latest listen() on the port; ns since boot; 0: before the recorder */
    __u64 closed; /* latest close of a listening socket */
    __u32 pid;    /* who did the latter of both */
    __u32 open;   /* listening sockets now, as far as known */
    __u8 ending;  /* of that process, see `ending` */
    __u8 spare[7];
    char comm[COMM];
};

/* Another connection that the same process began within RACE of this one, and that is open now. */
struct rival {
    __u64 opened; /* jiffies */
    __u64 established;
    struct tuple ends;
    __u32 spare;
};

struct event {
    __u64 time; /* ns since boot */
    __u64 jiffies;
    __u64 cookie;
    __u64 cgroup;
    __u64 inode; /* of the socket's file; 0 when no process holds it */
    __u64 bytes_sent;
    __u64 bytes_acked;
    __u64 bytes_received;
    __u32 kind;
    __u32 reason;
    __u32 marks;
    __u32 netns;
    __u32 cpu;
    __u32 pid;
    __u32 tid;
    __u32 uid;
    __u32 socket_uid;
    __u32 snd_una;
    __u32 snd_nxt;
    __u32 write_seq;
    __u32 rcv_nxt;
    __u32 copied_seq;
    __u32 rcv_wnd;
    __u32 sent_age;     /* jiffies since data was sent */
    __u32 received_age; /* ... since data was received */
    __u32 acked_age;    /* ... since anything was received */
    __u32 linger_time;  /* jiffies */
    __s32 linger2;
    __u32 user_timeout; /* ms */
    __u32 backlog;
    __u32 backlog_limit;
    __u32 error;
    __u32 total_retrans;
    __u32 srtt;         /* us << 3 */
    __u32 mark;
    __u32 hz;
    __u32 snd_wnd;      /* bytes that the other end takes */
    __u32 requests;     /* of a listener: handshakes that are not complete */
    __u8 state;         /* sk_state as the probe found it */
    __u8 before;        /* the state before: of the flight recorder where a socket was closed already */
    __u8 family;        /* 4 or 6 */
    __u8 retransmits;
    __u8 probes;
    __u8 shutdown;
    __u8 wscale;        /* own shift */
    __u8 substate;      /* of a TIME_WAIT mini socket */
    char comm[COMM];
    struct tuple socket;
    struct tuple packet; /* the trigger's addresses, from the view of this host */
    struct flow flow;
    struct listener listener; /* on the local port */
    struct rival rival;
    __u16 trigger_length; /* bytes in `trigger`, from the IP header on */
    __u16 stack_length;   /* frames */
    __u16 user_length;
    __u8 ending;          /* of the current process, see `ending` */
    __u8 spare;
    __u8 trigger[TRIGGER];
    __u64 stack[STACK];
    __u64 user[USER_STACK];
};

#endif
