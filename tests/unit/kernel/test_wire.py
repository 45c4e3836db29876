"""The layout of events is written twice, in C and in Python: both must agree."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from whyrst.kernel import wire
from whyrst.kernel.probe import OBJECT

FIELDS = {"event": wire.EVENT, "flow": wire.FLOW, "tuple": wire.TUPLE, "listener": wire.LISTENER}


class Names:
    def reset_reason(self, number):
        return f"R{number}"

    def drop_reason(self, number):
        return f"D{number}"


class Symbols:
    def stack(self, addresses):
        return tuple(f"f{address}" for address in addresses)


def event(**cells):
    one = np.zeros(1, dtype=wire.EVENT)
    for name, value in cells.items():
        one[name] = value
    return one


def read(one):
    return wire.Reader(Names(), Symbols()).read(one.tobytes())


def compiled(name):
    """Offsets and size of a structure as the C compiler lays it out."""
    names = [field for field in FIELDS[name].names if field != "spare"]
    parts = ",".join(f"offsetof(struct {name}, {field})" for field in names)
    source = f"""
        #define __VMLINUX_H__
        #pragma GCC diagnostic ignored "-Wall"
        #include <stddef.h>
        {without_attributes()}
        #include <stdio.h>
        int main(void) {{
            unsigned long at[] = {{{parts}, sizeof(struct {name})}};
            for (unsigned k = 0; k < sizeof at / sizeof *at; k++) printf("%lu\\n", at[k]);
            return 0;
        }}"""
    return names, source


def without_attributes():
    """event.h for an ordinary compiler: only its own structures."""
    text = (OBJECT.parent / "event.h").read_text(encoding="ascii").replace('#include "types.h"', "")
    words = "__u8:unsigned char __u16:unsigned short __u32:unsigned int __s32:int __u64:unsigned long"
    types = re.sub(r"(__\w+):([a-z ]+?)(?= __|$)", r"typedef \2 \1;", words)
    return types.replace("; ", ";\n") + "\n" + text


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_python_lays_it_out_as_c_does(tmp_path, name):
    names, source = compiled(name)
    (tmp_path / "layout.c").write_text(source, encoding="ascii")
    program = tmp_path / "layout"
    subprocess.run(("cc", "-w", "-o", str(program), str(tmp_path / "layout.c")), check=True)
    told = subprocess.run((str(program),), capture_output=True, text=True, check=True).stdout.split()
    *offsets, size = map(int, told)
    fields = FIELDS[name].fields
    assert {n: fields[n][1] for n in names} == dict(zip(names, offsets, strict=True))
    assert FIELDS[name].itemsize == size


def test_an_event_without_a_socket_has_the_segments_addresses():
    one = event(kind=0, reason=1, marks=wire.HAS_TRIGGER, trigger_length=40)
    one["packet"]["local"] = np.void(wire.MAPPED + bytes((10, 0, 0, 1)))
    one["packet"]["remote"] = np.void(bytes(15) + b"\x01")
    one["packet"]["local_port"], one["packet"]["remote_port"] = 80, 4000
    told = read(one)
    assert told.socket is None
    assert told.numbers is None
    assert (told.ends.local, told.ends.remote) == ("10.0.0.1:80", "[::1]:4000")
    assert told.reason == "R1"
    assert len(told.trigger) == 40


def test_the_numbers_of_a_socket_are_told_in_seconds_and_bytes():
    one = event(
        kind=0, reason=11, marks=wire.HAS_SOCKET | wire.FULL_SOCKET | wire.LINGERS, hz=250, rcv_nxt=5,
        copied_seq=0xFFFFFFFE,
        snd_una=10, snd_nxt=17, write_seq=20, bytes_sent=1, sent_age=500, before=1,
    )  # fmt: skip
    numbers = read(one).numbers
    assert (numbers.unread, numbers.unacked, numbers.unsent) == (7, 7, 3)
    assert numbers.sent_ago == 2.0
    assert numbers.received_ago is None
    assert numbers.lingers
    assert not numbers.keepalive


def test_a_kprobe_tells_no_reason():
    assert read(event(kind=0, reason=0, marks=wire.BY_KPROBE)).reason is None


def test_a_dropped_reset_has_the_reason_of_the_drop():
    assert read(event(kind=2, reason=3)).reason == "D3"


def test_names_of_processes_are_text_whatever_they_hold():
    told = read(event(comm=b"\xff\x1b[2J"))
    assert told.task.comm == "�\x1b[2J"


def test_unknown_states_do_not_matter():
    assert read(event(before=200, substate=99)).state == "UNKNOWN"


@pytest.mark.parametrize("kind", range(len(wire.KINDS)))
def test_the_flight_recorder_tells_times_since_1970(kind):
    one = event(kind=kind, marks=wire.HAS_FLOW, time=9_000_000_000, jiffies=5000, hz=250)
    one["flow"]["opened"], one["flow"]["passive"], one["flow"]["owner"] = 4750, 1, 7
    told = read(one)
    assert told.time - told.past.opened == wire.SECOND
    assert told.past.acceptor.pid == 7
    assert told.past.opener is None
    assert told.past.ended is None


def test_a_connection_is_not_left_before_it_began():
    one = event(marks=wire.HAS_FLOW, time=9_000_000_000, jiffies=5000, hz=250)
    one["flow"]["opened"] = one["flow"]["established"] = 5000
    one["flow"]["left"] = 5000
    one["flow"]["ended"] = 8_999_999_000
    past = read(one).past
    assert past.opened == past.established == past.left == past.ended


def test_a_connection_is_left_before_it_is_reset_in_the_same_jiffy():
    one = event(marks=wire.HAS_FLOW, time=9_003_000_000, jiffies=5000, hz=250)
    one["flow"]["left"], one["flow"]["reset"] = 5000, 9_002_000_000
    past = read(one).past
    assert past.left == past.reset
    one["flow"]["left"], one["flow"]["reset"] = 5000, 8_002_000_000
    past = read(one).past
    assert past.left - past.reset == wire.SECOND + 1_000_000


def test_what_was_not_written_for_this_connection_is_not_told():
    one = event(marks=wire.HAS_FLOW, time=9_000_000_000, jiffies=5000, hz=250)
    one["flow"]["opened"], one["flow"]["snd_nxt"], one["flow"]["error"], one["flow"]["sent_age"] = 5000, 7, 104, 9
    past = read(one).past
    assert (past.snd_nxt, past.error, past.sent_ago, past.srtt) == (0, 0, None, None)
    one["flow"]["ended"], one["flow"]["srtt"] = 8_999_999_999, 8000
    past = read(one).past
    assert (past.snd_nxt, past.error, past.sent_ago, past.srtt) == (7, 104, 9 / 250, 0.001)


def test_jiffies_are_told_from_their_beginning():
    ticks = wire.Ticks()
    ticks.learn(10_003_000_000, 100, 250)
    ticks.learn(20_001_000_000, 2600, 250)  # 2 ms nearer to the jiffy's beginning
    assert ticks.ns(100) == 10_001_000_000
    ticks.learn(20_003_500_000, 2600, 250)
    assert ticks.ns(100) == 10_001_000_000


def test_no_jiffy_passes_while_the_host_is_suspended():
    ticks = wire.Ticks()
    ticks.learn(10_000_000_000, 100, 250)
    ticks.learn(70_000_000_000, 101, 250)
    assert ticks.ns(102) == 70_004_000_000


def test_the_object_is_shipped():
    assert Path(OBJECT).stat().st_size > 10_000
