/* The process that the kernel serves or has interrupted. */
#ifndef WHYRST_TASK_H
#define WHYRST_TASK_H

#include "read.h"

#define PF_EXITING 4
#define ENDING 0x80
/* The current task as a typed pointer: since Linux 5.11, and much cheaper than asking for each of its parts. */
#define TYPED_TASK bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

/* Writes the name of the current process to an aligned place; returns its number. */
static __always_inline __u32 note_task(char *comm) {
    if (TYPED_TASK) {
        struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
        ((__u64 *)comm)[0] = *(__u64 *)task->comm;
        ((__u64 *)comm)[1] = *(__u64 *)(task->comm + 8);
        return task->tgid;
    }
    bpf_get_current_comm(comm, COMM);
    return bpf_get_current_pid_tgid() >> 32;
}

/* Whether the current process is ending: 0 no; 0x80 by itself; 0x80 + the signal that killed it. */
static __always_inline __u8 ending(void) {
    struct task_struct *task;
    __u32 flags;
    if (TYPED_TASK) {
        task = (struct task_struct *)bpf_get_current_task_btf();
        flags = task->flags;
    } else {
        task = (struct task_struct *)bpf_get_current_task();
        flags = BPF_CORE_READ(task, flags);
    }
    if (!(flags & PF_EXITING))
        return 0;
    return ENDING | (BPF_CORE_READ(task, signal, group_exit_code) & 0x7f);
}

#endif
