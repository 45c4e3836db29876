"""`whyrst trace` as a user runs it, on resets that are made in a network namespace of its own."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from whyrst.analysis import analyze
from whyrst.kernel.event import KernelEvent
from whyrst.schema import json_schema

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF"),
]
WHYRST = (sys.executable, "-m", "whyrst.cli")
HOSTILE = "a\x1b]0;b\x07\n"
RESETS = """
import ctypes, socket, struct, sys, time
if len(sys.argv) > 1:
    ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    with socket.socket(family) as refused:
        assert refused.connect_ex((address, 9)) == 111
    with socket.create_server((address, 7001 if family == socket.AF_INET else 7002), family=family) as server:
        client = socket.create_connection(server.getsockname()[:2])
        other = server.accept()[0]
        other.sendall(b"hello")
        time.sleep(0.05)
        client.close()
        other.close()
"""
"""Refused and closed with five unread bytes, each over IPv4 and IPv6: four resets sent, four taken."""

METRICS = """
import re, sys, time, urllib.request
for _ in range(50):
    answer = urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics")
    text = answer.read().decode()
    if sum(map(float, re.findall("^whyrst_resets_total.* (.+)$", text, re.M))) >= int(sys.argv[2]):
        break
    time.sleep(0.2)
print(answer.headers["Content-Type"])
print(text)
"""


class Trace:
    """A trace of a namespace of its own."""

    def __init__(self, *options: str, before: tuple[str, ...] = (), stdout=subprocess.PIPE):
        self._home = subprocess.Popen(
            ("unshare", "-n", "sh", "-c", "ip link set lo up; echo up; exec sleep 300"), stdout=subprocess.PIPE
        )
        assert self._home.stdout.readline() == b"up\n"
        self.net = f"/proc/{self._home.pid}/ns/net"
        self.process = subprocess.Popen(
            ("nsenter", f"--net={self.net}", *before, *WHYRST, "trace", "--netns", self.net, *options),
            stdout=stdout, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.said = b""
        while not self.said.endswith(b"ends\n") and not re.search(rb"tracing for .*s\n$", self.said):
            line = self.process.stderr.readline()
            if not line:
                break
            self.said += line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in (self.process, self._home):
            one.kill()
            one.wait()
        for pipe in (self.process.stdout, self.process.stderr, self._home.stdout):
            if pipe is not None:
                pipe.close()

    def inside(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(("nsenter", f"--net={self.net}", *words), check=True, capture_output=True)

    def resets(self, *names: str) -> None:
        self.inside(sys.executable, "-c", RESETS, *names)

    def metrics(self, judged: int) -> tuple[str, str]:
        """Kind and text of its metrics, once so many resets are judged, or as they are after ten seconds."""
        port = re.search(rb"metrics at port (\d+)", self.said)[1].decode()
        kind, _, text = self.inside(sys.executable, "-c", METRICS, port, str(judged)).stdout.decode().partition("\n")
        return kind, text

    def end(self, number: int = signal.SIGINT) -> tuple[str, str]:
        """Let it come to an end; what it wrote on stdout and stderr."""
        time.sleep(0.2)
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        return (out or b"").decode(), err.decode()


def parts(text: str) -> tuple[list[str], str]:
    """The lines of resets, and the summary."""
    lines, _, summary = text.partition("\n\n")
    head, *rest = lines.splitlines()
    assert head.startswith("time")
    return rest, summary


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_lines_and_a_summary_when_a_signal_ends_it(number):
    with Trace() as trace:
        trace.resets()
        lines, summary = parts(trace.end(number)[0])
    assert len(lines) == 8
    assert all(len(line) < 80 for line in (*lines, *summary.splitlines()))
    assert [line[:8] for line in lines] == sorted(line[:8] for line in lines)
    sent = [line for line in lines if " > " in line]
    assert sum("port-closed" in line for line in sent) == 2
    assert sum("close-with-unread-data" in line for line in sent) == 2
    assert sum("[::1]" in line for line in lines) == 4
    assert summary.startswith("8 resets in ")
    assert "4  sent by the TCP stack" in summary
    assert "the probes saw 8 = 8 handed over + 0 sampled out + 0 lost" in summary
    assert "OutRsts rose by 4 in 1 namespace, the probes saw 4 sent: they agree" in summary


def test_everything_that_can_be_recorded(tmp_path):
    events, capture = tmp_path / "events.ndjson", tmp_path / "resets.pcapng"
    with Trace("--json", "--events", events, "--pcap", capture, "--prometheus", "127.0.0.1:0") as trace:
        trace.resets()
        kind, metrics = trace.metrics(8)
        out, err = trace.end()
    verdicts = [json.loads(line) for line in out.splitlines()]
    for one in verdicts:
        jsonschema.validate(one, json_schema(), jsonschema.Draft202012Validator)
    assert len(verdicts) == 8
    assert "8 resets in " in err, "the summary leaves stdout to the verdicts"
    unread = [
        one
        for one in verdicts
        if one["cause"] == "close-with-unread-data" and one["kernel"]["socket"]["kind"] == "sent"
    ]
    assert {one["kernel"]["socket"]["unread"] for one in unread} == {5}
    assert all(one["kernel"]["process"]["comm"].startswith("python") for one in unread)

    decoded = [msgspec.json.decode(line, type=KernelEvent) for line in events.read_bytes().splitlines()]
    assert [one.kind for one in decoded].count("sent") == 4
    assert len(decoded) == 8

    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(metrics)}
    assert sum(sample.value for sample in families["whyrst_resets"].samples) == 8
    assert {s.labels["direction"]: s.value for s in families["whyrst_events_seen"].samples if s.value} == {
        "sent": 4, "received": 4,
    }  # fmt: skip
    assert "127.0.0.1" not in metrics

    again = list(analyze(capture).verdicts)
    assert len(again) == 4, "four packets, each with a verdict"
    assert [one.frame for one in again] == sorted(one.frame for one in again)
    joined = subprocess.run(
        (*WHYRST, "analyze", "--json", "--events", events, capture), capture_output=True, check=True
    )
    told = [json.loads(line) for line in joined.stdout.splitlines()]
    assert [one["frame"] for one in told] == [one.frame for one in again]
    assert [one["cause"] for one in told].count("close-with-unread-data") == 2
    assert all(one["kernel"] is not None for one in told)
    if shutil.which("tshark"):
        words = ("tshark", "-r", capture, "-Y", 'frame.comment contains "whyrst"', "-T", "fields", "-e", "frame.number")
        found = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        assert list(map(int, found)) == [one.frame for one in again]


def test_a_selection_by_filter_direction_and_cause():
    with Trace("--sent", "--cause", "close-with-unread-data", "port", "7001") as trace:
        trace.resets()
        lines, summary = parts(trace.end()[0])
    assert len(lines) == 1
    assert "close-with-unread-data" in lines[0]
    assert summary.startswith("1 reset in ")
    assert "the probes saw 8" in summary


def test_it_ends_by_itself_and_shows_stacks():
    with Trace("--duration", "2.5", "--stack", "--sent") as trace:
        trace.resets()
        out = trace.process.communicate(timeout=60)[0].decode()
    assert trace.process.returncode == 0
    lines, _ = parts(out)
    assert sum("kernel" in line and "tcp_v4_send_reset" in line for line in lines) == 1
    assert any("__tcp_close" in line for line in lines)


def test_names_of_processes_cannot_move_the_cursor():
    with Trace("--prometheus", "127.0.0.1:0") as trace:
        trace.resets(HOSTILE)
        _, metrics = trace.metrics(8)
        out, _ = trace.end()
    assert all(c.isprintable() or c == "\n" for c in out)
    lines, summary = parts(out)
    assert len(lines) == 8
    assert all(len(line) < 80 for line in (*lines, *summary.splitlines()))
    assert "a\\x1b]0;b\\x07" in summary
    names = {
        s.labels["process"] for f in text_string_to_metric_families(metrics) for s in f.samples if "process" in s.labels
    }
    assert any(name.startswith("a\\x1b") for name in names)
    assert all(c.isprintable() or c == "\n" for c in "".join(names))


def test_counts_every_so_often():
    with Trace("--summary", "0.5") as trace:
        trace.resets()
        time.sleep(1.5)
        out, _ = trace.end()
    assert out.count("the probes saw") >= 3
    assert "port-closed" in out
    assert " > " not in out


def test_a_table_on_a_terminal():
    ours, theirs = pty.openpty()
    with Trace("--color", "never", stdout=theirs) as trace:
        os.close(theirs)
        trace.resets()
        shown = b""
        end = time.monotonic() + 2
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                shown += os.read(ours, 65536)
        trace.process.send_signal(signal.SIGINT)
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            shown += more
        assert trace.process.wait(timeout=60) == 0
    os.close(ours)
    text = shown.decode()
    assert re.search(r"8 resets in [\d.]+ s; Ctrl-C ends", text)
    assert "close-with-unread-data" in text
    assert "the probes saw 8" in text


def test_without_privileges_it_says_what_it_needs():
    with Trace(before=("setpriv", "--inh-caps=-all", "--bounding-set=-all")) as trace:
        out, err = trace.process.communicate(timeout=60)
    assert trace.process.returncode == 2
    assert out == b""
    told = (trace.said + err).decode()
    assert told.count("\n") == 1
    assert "tracing needs CAP_BPF, CAP_PERFMON and CAP_NET_RAW" in told


@pytest.mark.skipif(shutil.which("bpftrace") is None, reason="bpftrace is not installed")
def test_bpftrace_takes_the_script(tmp_path):
    script = tmp_path / "resets.bt"
    script.write_bytes(subprocess.run((*WHYRST, "trace", "--bpftrace"), check=True, capture_output=True).stdout)
    dry = "mount -t tracefs none /sys/kernel/tracing 2>/dev/null; exec bpftrace -d"
    done = subprocess.run(("unshare", "-m", "sh", "-c", f'{dry} "$1"', "sh", script), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_doctor_agrees_with_trace():
    done = subprocess.run((*WHYRST, "doctor", "--json"), capture_output=True, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found["can_trace"]
    levels = {check["name"]: check["level"] for check in found["checks"]}
    assert levels["attaching"] == levels["BTF"] == levels["libbpf"] == "ok"
    assert {"probe send_reset", "packet socket"} <= set(levels)


def test_doctor_without_privileges():
    words = ("setpriv", "--inh-caps=-all", "--bounding-set=-all", *WHYRST, "doctor")
    done = subprocess.run(words, capture_output=True, check=False, text=True)
    assert done.returncode == 1
    assert "whyrst trace cannot run here" in done.stdout
