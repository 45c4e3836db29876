"""What the running kernel says about resets: BPF probes, each beside its reader, and what surrounds them.

- `probes/`    one BPF program (C) and one reader (Python) for each thing that is watched
- `bpf/`       what the programs share, and the object that is shipped
- `libbpf`     the system's libbpf.so.1, thinly
- `btf`        names of enums and parameters of functions of the running kernel
- `event`      the value that leaves: one reset as the kernel saw it
- `wire`       bytes of the ring buffer to that value
- `symbols`    kernel addresses to names
- `wiretap`    resets as they pass interfaces, by packet sockets; `taps`, `links`: one on each interface as they come
- `rejects`    rules of the packet filter that make resets, and their counters
- `counters`   the kernel's own counters, before and after, as a check of the probes
- `owners`     processes by socket; `containers`: containers by cgroup; `namespaces`: network namespaces by number
- `privileges` what is needed, and giving it up
"""
