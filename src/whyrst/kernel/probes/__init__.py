"""The probes: a BPF program (`NAME.bpf.c`) and what decides whether it can run here (`NAME.py`)."""
