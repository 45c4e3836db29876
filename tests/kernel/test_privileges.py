"""What a trace needs, gives up, and leaves behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF"),
]
needs_bpftool = pytest.mark.skipif(shutil.which("bpftool") is None, reason="needs bpftool")

LIMITED = """
import codecs, json, socket, sys, time
import numpy
codecs.lookup("ascii")
from whyrst.kernel import privileges
from whyrst.kernel.libbpf import BpfError
from whyrst.kernel.probe import probes
from whyrst.kernel.taps import Taps
from whyrst.kernel.tracer import Tracer
from whyrst.trace.watch import Watch
probes()
keep = set(sys.argv[1].split())
if sys.argv[2] == "nobody":
    privileges.drop(keep, (65534, 65534))
have = privileges.held()
out = {"have": sorted(have), "refusal": privileges.refusal(privileges.missing(have))}
try:
    with Tracer() as tracer:
        watch = Watch(tracer)
        out["missing"] = watch.missing
        privileges.drop(privileges.kept(have))
        out["kept"] = sorted(privileges.held())
        for taps in watch._taps.values():
            taps.hear_loopback()
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            out["port"] = one.getsockname()[1]
            one.connect_ex(("127.0.0.1", 9))
        told = watch.finish()
        out["told"] = [[e.kind, e.ends.remote, len(packet), len(e.stack)] for e, packet in told]
        out["seen"] = tracer.totals()["sent"].seen
        watch.close()
except BpfError as error:
    out["error"] = str(error)
print(json.dumps(out))
"""
THREE = ("bpf", "perfmon", "net_raw")


def limited(space, capabilities, user, wrapper=()):
    command = (*wrapper, sys.executable, "-c", LIMITED, " ".join(f"CAP_{one.upper()}" for one in capabilities), user)
    return json.loads(space.run(*command))


def settled(out):
    """A run that saw its own reset after it had given everything up."""
    assert out["refusal"] == ""
    assert out["kept"] == []
    assert out["seen"] >= 1
    (sent,) = [one for one in out["told"] if one[0] == "sent" and one[1] == f"127.0.0.1:{out['port']}"]
    return sent[2] == 40


def test_a_user_with_three_capabilities_traces_and_gives_them_up(host):
    out = limited(host, THREE, "nobody")
    assert out["have"] == ["CAP_BPF", "CAP_NET_RAW", "CAP_PERFMON"]
    assert settled(out)
    assert any("CAP_NET_ADMIN" in line for line in out["missing"])
    assert {one[3] for one in out["told"]} == {0}, "kernel addresses are hidden: no stack rather than a wrong one"


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_a_service_with_three_capabilities_traces(host):
    bounds = ",".join(("-all", *(f"+{one}" for one in THREE)))
    assert settled(limited(host, THREE, "root", ("setpriv", "--inh-caps=-all", f"--bounding-set={bounds}")))


def test_without_the_packet_socket_events_are_told_without_packets(host):
    out = limited(host, ("bpf", "perfmon"), "nobody")
    assert "CAP_NET_RAW" in out["refusal"]
    assert any(line.startswith("packets of namespace") for line in out["missing"])
    assert {one[2] for one in out["told"]} == {0}


def test_without_privileges_the_refusal_is_clear(host):
    out = limited(host, (), "nobody")
    assert out["have"] == []
    assert "tracing needs CAP_BPF, CAP_PERFMON and CAP_NET_RAW" in out["refusal"]
    assert out["error"]


KEPT = """
import sys, time
from whyrst.kernel.taps import Taps
from whyrst.kernel.tracer import Tracer
from whyrst.trace.watch import Watch
with Tracer() as tracer:
    watch = Watch(tracer)
    print(flush=True)
    time.sleep(60)
"""


@needs_bpftool
def test_killed_it_leaves_nothing_attached(host):
    with host:
        program = subprocess.Popen([sys.executable, "-c", KEPT], stdout=subprocess.PIPE)
    with program:
        assert program.stdout.readline()
        inside = Path(f"/proc/{program.pid}")
        facts = "".join(file.read_text() for file in (inside / "fdinfo").iterdir())
        numbers = {kind: re.findall(rf"^{kind}_id:\s*(\d+)", facts, re.MULTILINE) for kind in ("link", "prog", "map")}
        helper = int((inside / "task" / str(program.pid) / "children").read_text().split()[0])
        assert all(shown(kind, number) for kind in numbers for number in numbers[kind])
        assert len(numbers["link"]) >= 3
        os.kill(program.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while left := [(kind, n) for kind in numbers for n in numbers[kind] if shown(kind, n)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    while Path(f"/proc/{helper}").exists() and "State:\tZ" not in Path(f"/proc/{helper}/status").read_text():
        assert time.monotonic() < deadline, "the helper that lists rules goes, too"
        time.sleep(0.1)


def shown(kind, number):
    """Whether the kernel still has it."""
    return subprocess.run(["bpftool", kind, "show", "id", number], capture_output=True, check=False).returncode == 0
