"""What is told when the kernel refuses a program."""

from __future__ import annotations

import errno

import pytest

from whyrst.kernel.refused import counted_memory, reason

LOG = """\
libbpf: prog 'drop': BPF program load failed: Permission denied
libbpf: prog 'drop': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
0: (79) r6 = *(u64 *)(r1 +0)
R6 invalid mem access 'scalar'
processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'drop': failed to load: -13
libbpf: failed to load object 'whyrst.bpf.o'
"""


def test_the_line_before_the_statistics_says_why():
    assert reason(LOG.splitlines()) == "R6 invalid mem access 'scalar'"


def test_of_several_refusals_the_first_counts():
    other = LOG.replace("invalid mem access 'scalar'", "unbounded memory access")
    assert reason((LOG + other).splitlines()) == "R6 invalid mem access 'scalar'"


@pytest.mark.parametrize(
    "text", ["", "libbpf: failed to find BTF\n", "a: -- BEGIN PROG LOAD LOG --\nprocessed 0 insns\n"]
)
def test_without_a_log_there_is_no_line(text):
    assert reason(text.splitlines()) == ""


@pytest.mark.parametrize(("release", "told"), [("5.10.0-30-amd64", True), ("5.11.1", False), ("6.18.0", False)])
def test_old_kernels_count_memory_as_locked(release, told):
    assert bool(counted_memory(errno.EPERM, release)) == told
    assert counted_memory(errno.EINVAL, release) == ""
