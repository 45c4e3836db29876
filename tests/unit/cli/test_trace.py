"""What `whyrst trace` refuses before it begins."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from whyrst.cli.ending import ending
from whyrst.cli.status import run

root = pytest.mark.skipif(os.geteuid() != 0, reason="who may not trace is told that first")


def refused(capfd, *arguments) -> str:
    assert run(["trace", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    return err


def test_a_cause_that_is_not_known(capfd):
    assert "did you mean port-closed" in refused(capfd, "--cause", "port-close")


@pytest.mark.parametrize("pair", [("--json", "--summary", "1"), ("--json", "--stack"), ("--stack", "--summary", "1")])
def test_options_that_exclude_each_other(capfd, pair):
    assert "exclude each other" in refused(capfd, *pair)


@pytest.mark.parametrize("pair", [("--duration", "0"), ("--duration", "x"), ("--summary", "0"), ("--pid", "0")])
def test_numbers_that_make_no_sense(capfd, pair):
    assert pair[0] in refused(capfd, *pair)


@root
@pytest.mark.parametrize("words", [("no", "such", "word"), ("ether", "host", "00:00:00:00:00:01"), ("port",)])
def test_filters_that_do_not_compile(capfd, words):
    assert "FILTER" in refused(capfd, *words)


@root
def test_what_is_not_there(capfd, tmp_path):
    assert "no network namespace" in refused(capfd, "--netns", "no-such-namespace")
    assert "no cgroup" in refused(capfd, "--cgroup", "no-such.slice")
    assert "--events" in refused(capfd, "--events", str(tmp_path / "missing" / "events"))


@root
@pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF")
def test_outputs_that_cannot_be_opened(capfd, tmp_path):
    assert "--pcap" in refused(capfd, "--pcap", str(tmp_path / "missing" / "capture"))
    assert "not ADDR:PORT" in refused(capfd, "--prometheus", "9100")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "in use" in refused(capfd, "--prometheus", f"127.0.0.1:{taken.getsockname()[1]}")


@root
@pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF")
def test_a_reader_that_goes_away():
    words = (sys.executable, "-m", "whyrst.cli", "trace", "--duration", "60")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tracing:
        assert tracing.stdout.readline().startswith(b"time")
        tracing.stdout.close()
        until = time.monotonic() + 60
        while tracing.poll() is None and time.monotonic() < until:
            with socket.socket() as probe:
                probe.connect_ex(("127.0.0.1", 9))
            time.sleep(0.1)
        assert tracing.returncode == 141
        assert b"Traceback" not in tracing.stderr.read()


def test_the_end_comes_by_signal_or_time():
    with ending(None) as end:
        assert not end.wait(0.01)
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        assert end.wait(30)
        assert end.wait(30)
    with ending(0.05) as end:
        assert not end.wait(0.001)
        assert end.wait(30)


def test_a_second_signal_is_not_kept_back():
    with pytest.raises(KeyboardInterrupt), ending(None) as end:  # noqa: PT012 - both signals are the point
        os.kill(os.getpid(), signal.SIGINT)
        assert end.wait(30)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
