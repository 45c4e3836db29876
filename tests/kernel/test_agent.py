"""`whyrst agent` as a service manager runs it, on resets that are made in a network namespace of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.receiver import Receiver
from agent.running import number_of, until
from kernel.test_trace_command import RESETS, WHYRST
from whyrst.model import Verdict

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF"),
]
CAUSES = ["port-closed", "close-with-unread-data"]


@pytest.fixture
def tmp_path():
    """A folder that any user reaches, unlike pytest's own."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def home():
    """A network namespace, by its process."""
    with subprocess.Popen(
        ("unshare", "-n", "sh", "-c", "ip link set lo up; echo up; exec sleep 300"), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"up\n"
        yield process.pid
        process.kill()


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """What a service manager listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(str(tmp_path / "notify"))
        (tmp_path / "notify").chmod(0o777)
        one.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        yield one


@pytest.fixture
def agent(home, manager, tmp_path):
    """Starts agents, and waits until they are ready."""
    running = []

    def start(*words, env=None):
        process = subprocess.Popen(
            (*WHYRST, "agent", "--netns", f"/proc/{home}/ns/net", "--queue", tmp_path / "queue", *words),
            stderr=subprocess.PIPE, env=os.environ | (env or {}),
        )  # fmt: skip
        running.append(process)
        while not manager.recv(1000).startswith(b"READY=1"):  # what an earlier one said comes first
            assert process.poll() is None
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stderr.close()


def resets(home):
    """Two refused and two aborted connections: four resets sent, four taken."""
    words = ("nsenter", f"--net=/proc/{home}/ns/net", sys.executable, "-c", RESETS)
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def ended(process):
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said.decode()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_every_output_gets_every_reset(home, agent, manager, tmp_path):
    path = tmp_path / "out.ndjson"
    with Receiver() as receiver:
        process = agent("--otlp", receiver.url, "--file", path, "--prometheus", "127.0.0.1:0")
        port = re.search(rb"metrics at port (\d+)", process.stderr.readline())[1].decode()
        capabilities = Path(f"/proc/{process.pid}/status").read_text()
        assert re.search(r"^CapEff:\s*0+$", capabilities, re.MULTILINE)
        resets(home)
        receiver.wait(8)
        until(lambda: len(lines(path)) == 8)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            page = answer.read().decode()
        assert manager.recv(1000) == b"WATCHDOG=1"
        ended(process)
    assert [number_of(uid) for uid in receiver.uids()] == list(range(1, 9))
    found = lines(path)
    assert [one["uid"] for one in found] == receiver.uids()
    assert {one["cause"] for one in found if one["kernel"]["socket"]["kind"] == "sent"} == set(CAUSES)
    bodies = [one.body.string_value.partition(" ")[0] for one in receiver.records]
    assert bodies == [one["cause"] for one in found]
    assert 'whyrst_resets_total{cause="close-with-unread-data",mechanism="active",direction="sent"' in page
    for name in ("otlp", "file"):
        assert f'whyrst_agent_delivered_total{{output="{name}"}} 8' in page
        assert f'whyrst_agent_waiting{{output="{name}"}} 0' in page
    heard = manager.recv(1000)
    while heard == b"WATCHDOG=1":
        heard = manager.recv(1000)
    assert heard == b"STOPPING=1"


def test_a_restart_goes_on_where_the_receiver_was_away(home, agent, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        process = agent("--otlp", f"http://127.0.0.1:{port}", "--sent")
        resets(home)
        until(lambda: sum(path.stat().st_size for path in (tmp_path / "queue").glob("*.log")) > 4000)
        assert "4 verdicts left in the queue for the next start" in ended(process)
    with Receiver(port) as receiver:
        process = agent("--otlp", receiver.url, "--sent")
        receiver.wait(4)
        resets(home)
        receiver.wait(8)
        ended(process)
        assert [number_of(uid) for uid in receiver.uids()] == list(range(1, 9))


def test_killed_it_leaves_nothing_behind_and_loses_only_what_was_not_judged(home, agent, tmp_path):
    path = tmp_path / "out.ndjson"
    process = agent("--file", path)
    resets(home)
    until(lambda: len(lines(path)) == 8)
    process.kill()
    process.wait()
    process = agent("--file", path)
    resets(home)
    until(lambda: len(lines(path)) == 16)
    ended(process)
    assert [number_of(one["uid"]) for one in lines(path)] == list(range(1, 17))


def test_hangup_opens_files_again(home, agent, manager, tmp_path):
    path = tmp_path / "out.ndjson"
    process = agent("--file", path)
    resets(home)
    until(lambda: len(lines(path)) == 8)
    path.rename(tmp_path / "moved")
    process.send_signal(signal.SIGHUP)
    while not manager.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC="):
        pass
    resets(home)
    until(lambda: len(lines(path)) == 8)
    ended(process)
    assert len(lines(tmp_path / "moved")) == 8


def test_with_sudo_it_becomes_the_user_and_the_queue_is_theirs(home, agent, tmp_path):
    (tmp_path / "logs").mkdir()
    os.chown(tmp_path / "logs", 65534, 65534)
    path = tmp_path / "logs" / "out.ndjson"
    with Receiver() as receiver:
        process = agent("--file", path, "--otlp", receiver.url, env={"SUDO_UID": "65534", "SUDO_GID": "65534"})
        assert os.stat(f"/proc/{process.pid}").st_uid == 65534  # noqa: PTH116 - of a process
        resets(home)
        until(lambda: len(lines(path)) == 8)
        receiver.wait(8)
        ended(process)
    assert path.stat().st_uid == (tmp_path / "queue" / "id").stat().st_uid == 65534


def test_a_queue_that_the_user_may_not_use_is_told_at_once(tmp_path):
    (tmp_path / "queue").mkdir(mode=0o700)
    words = (*WHYRST, "agent", "--file", tmp_path / "out", "--queue", tmp_path / "queue")
    env = os.environ | {"SUDO_UID": "65534", "SUDO_GID": "65534"}
    done = subprocess.run(words, capture_output=True, env=env, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.decode() == f"whyrst: {tmp_path / 'queue'}: Permission denied\n"


def test_what_is_queued_is_a_verdict(home, agent, tmp_path):
    import msgspec

    path = tmp_path / "out.ndjson"
    process = agent("--file", path, "--cause", "port-closed")
    resets(home)
    until(lambda: len(lines(path)) >= 2)
    ended(process)
    for line in path.read_bytes().splitlines():
        assert msgspec.json.decode(line, type=Verdict).cause == "port-closed"
