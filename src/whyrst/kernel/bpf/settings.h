/* What user space decides before the probes are loaded. */
#ifndef WHYRST_SETTINGS_H
#define WHYRST_SETTINGS_H

#include "types.h"

/* `whyrst.kernel.tracer` writes it as six numbers. */
const volatile struct {
    __u32 rate;  /* events per second and kind that are handed over */
    __u32 burst; /* ... and at once, after a pause */
    __u32 user_stacks;
    __u32 only_netns;
    __u32 taken; /* SKB_DROP_REASON_TCP_RESET of this kernel: freed because a socket took it */
    __u32 hz;    /* jiffies per second: the kernel's configuration is no file that can be relied on */
} settings = {};

#endif
