from __future__ import annotations

import doctest
import os
from pathlib import Path

from unit.trace.events import aborted
from whyrst.kernel.event import Task
from whyrst.trace import frames
from whyrst.trace.frames import mappings, named, with_frames

MAPS = """\
55d0c0a00000-55d0c0a01000 r--p 00000000 08:01 131 /usr/sbin/nginx
55d0c0a01000-55d0c0b00000 r-xp 00001000 08:01 131 /usr/sbin/nginx
7f0000000000-7f0000100000 r-xp 00028000 08:01 132 /usr/lib/libc.so.6 (deleted)
7f0000200000-7f0000201000 r-xp 00000000 00:00 0
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
"""


def test_executable_mappings():
    assert [one.name for one in mappings(MAPS)] == ["nginx", "libc.so.6", "", "[vsyscall]"]


def test_addresses_become_files_and_offsets():
    among = mappings(MAPS)
    assert named(0x55D0C0A01234, among) == "nginx+0x1234"
    assert named(0x7F0000000010, among) == "libc.so.6+0x28010"
    assert named(0x7F0000200010, among) == "anonymous+0x10"
    assert named(0x7F0000100000, among) == "0x7f0000100000"
    assert named(1, among) == "0x1"
    assert named(1, []) == "0x1"


def test_the_stack_of_a_process_that_lives():
    code = next(one for one in mappings(Path("/proc/self/maps").read_text()) if one.name)
    event = aborted(task=Task(os.getpid(), "python"), user_stack=(hex(code.start + 8), "0x1"))
    assert with_frames(event).user_stack == (f"{code.name}+0x{code.offset + 8:x}", "0x1")


def test_the_stack_of_a_process_that_has_ended(tmp_path):
    event = aborted(user_stack=("0x7f00",))
    assert with_frames(event, tmp_path) == event
    assert with_frames(aborted(), tmp_path) == aborted()


def test_the_example_is_true():
    assert doctest.testmod(frames).failed == 0
