from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from whyrst.analysis import analyze
from whyrst.lab.compared import WAYS, outcomes_of_way
from whyrst.lab.run import run
from whyrst.lab.scenario import scenarios
from whyrst.lab.score import compare, missed
from whyrst.lab.truth import WHERE, Record

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root"),
]

QUICK = (
    "port_closed",
    "reject_on_router",
    "close_unread",
    "five_primes",
    "linger_zero",
    "data_after_close",
    "client_cancelled",
    "listener_closed",
    "keepalive_timeout",
    "forged_stepping",
    "control_plain",
)
"""Short scenarios of every kind of sender; `make lab` runs all."""


COMPARED = (
    "close_unread",
    "forged_to_both",
    "forged_to_server",
    "haproxy_between",
    "reject_on_router",
    "reset_dropped",
    "sequence_rewriting",
    "snat_port",
)
"""Scenarios in which resets are made at each place, and paths change what passes."""


def names(folder):
    """What a folder holds, nothing if there is none."""
    return {entry.name for entry in Path(folder).iterdir()} if Path(folder).is_dir() else set()


@pytest.mark.parametrize("name", QUICK)
def test_the_verdicts_of_a_real_run_are_right_for_sender_and_receiver(name, tmp_path):
    found = scenarios()[name]
    missing = [program for program in found.scenario.needs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    record = run(found, tmp_path, seed=7)
    seen = []
    for where in WHERE:
        outcomes, these = compare(record, where, analyze(tmp_path / f"{where}.pcap").verdicts)
        assert [one for one in outcomes if not one.right] == []
        seen += these
    assert missed(record, seen) == []
    assert bool(seen) == bool(found.scenario.causes)


@pytest.mark.parametrize("name", COMPARED)
def test_comparing_the_captures_of_a_real_run_tells_where_resets_were_made(name, tmp_path):
    found = scenarios()[name]
    missing = [program for program in found.scenario.needs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    record = run(found, tmp_path, seed=7)
    outcomes = list(outcomes_of_way(record, tmp_path, WAYS[0]))
    assert [one for one in outcomes if one.origin_right is not True] == []
    assert {one.origin for one in outcomes} == {truth.origin for truth in record.resets}


def test_a_run_leaves_what_it_promises(tmp_path):
    record = run(scenarios()["close_unread"], tmp_path, seed=3, family=4)
    assert {f"{where}.pcap" for where in (*WHERE, "uplink")} | {"truth.json", "kernel.txt", "counters.txt"} <= {
        entry.name for entry in tmp_path.iterdir()
    }
    assert msgspec.json.decode((tmp_path / "truth.json").read_bytes(), type=Record) == record
    assert "TcpExtTCPAbortOnClose" in (tmp_path / "counters.txt").read_text()


def test_nothing_of_a_run_is_left_in_the_machine(tmp_path):
    before = names("/run/netns"), names("/sys/class/net")
    run(scenarios()["port_closed"], tmp_path)
    assert (names("/run/netns"), names("/sys/class/net")) == before
