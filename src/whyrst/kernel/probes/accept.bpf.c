/* The flight recorder's acceptors: which process took a connection from the queue.
 *
 * inet_csk_accept took four arguments until Linux 6.9, two since then; the socket that it returns comes after them. */
#include "../bpf/emit.h"

static __always_inline int accepted(struct sock *sk) {
    struct live *live = sk ? live_of(sk, TYPED) : 0;
    if (live)
        live->flow.owner = note_task(live->flow.owner_comm);
    return 0;
}

SEC("fexit/inet_csk_accept")
int BPF_PROG(accept2, struct sock *listener, void *arg, struct sock *sk) {
    return accepted(sk);
}

SEC("fexit/inet_csk_accept")
int BPF_PROG(accept4, struct sock *listener, int flags, int *error, int kern, struct sock *sk) {
    return accepted(sk);
}
