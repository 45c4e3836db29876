/* All probes in one object: each can be loaded or left out by itself. Helpers that read stacks ask for the GPL. */
#include "../probes/send_reset.bpf.c"
#include "../probes/receive_reset.bpf.c"
#include "../probes/drop.bpf.c"
#include "../probes/set_state.bpf.c"
#include "../probes/retransmit.bpf.c"
#include "../probes/accept.bpf.c"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
