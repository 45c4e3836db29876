"""`whyrst annotate` as a program."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "resets.pcap"


def annotate(*arguments, **how):
    command = [sys.executable, "-m", "whyrst.cli", "annotate", *map(str, arguments)]
    return subprocess.run(command, check=False, **({"capture_output": True} | how))


@pytest.fixture
def made(tmp_path):
    """The annotated example."""
    out = tmp_path / "made.pcapng"
    assert annotate(EXAMPLE, out).returncode == 0
    return out.read_bytes()


def test_it_says_what_was_written(tmp_path):
    out = tmp_path / "out.pcapng"
    done = annotate(EXAMPLE, out)
    assert done.stdout.decode() == (
        f'16 resets, 27 packets commented in {out}; in Wireshark: frame.comment contains "whyrst"\n'
    )
    assert done.stderr == b""


def test_pipes_and_files_give_the_same(tmp_path, made):
    data = EXAMPLE.read_bytes()
    assert annotate("-", "-", input=data).stdout == made
    assert annotate(EXAMPLE, "-").stdout == made
    with EXAMPLE.open("rb") as file:
        assert annotate("-", "-", stdin=file).stdout == made
    out = tmp_path / "piped.pcapng"
    assert annotate("-", out, input=data).returncode == 0
    assert out.read_bytes() == made


def test_a_file_is_not_replaced_unasked(tmp_path, made):
    out = tmp_path / "old"
    out.write_bytes(b"old")
    done = annotate(EXAMPLE, out)
    assert (done.returncode, out.read_bytes()) == (2, b"old")
    assert b"--force" in done.stderr
    assert annotate("--force", EXAMPLE, out).returncode == 0
    assert out.read_bytes() == made


def test_the_input_is_never_replaced(tmp_path):
    path, link = tmp_path / "in", tmp_path / "link"
    path.write_bytes(EXAMPLE.read_bytes())
    os.link(path, link)
    done = annotate("--force", path, link)
    assert done.returncode == 2
    assert b"is the input" in done.stderr
    assert path.read_bytes() == EXAMPLE.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["/nowhere.pcap", "out"], b"whyrst: /nowhere.pcap: byte 0: cannot be opened: No such file or directory"),
        ([EXAMPLE, "/nowhere/out"], b"No such file or directory"),
        (["-f", "port port", EXAMPLE, "out"], b"Invalid value for --filter"),
        ([EXAMPLE], b"Missing argument"),
    ],
)
def test_what_cannot_be_done_is_one_error(tmp_path, arguments, reason):
    done = annotate(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert reason in done.stderr
    assert b"Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_damage_is_told_and_what_is_there_is_written(tmp_path):
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(EXAMPLE.read_bytes()[:-5])
    done = annotate(path, out)
    assert done.returncode == 3
    assert done.stderr.startswith(f"whyrst: warning: {path}: byte ".encode())
    assert out.stat().st_size > path.stat().st_size


def test_a_capture_is_not_written_to_a_terminal():
    ours, theirs = pty.openpty()
    try:
        done = annotate(EXAMPLE, "-", capture_output=False, stdout=theirs, stderr=subprocess.PIPE)
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.returncode == 2
    assert b"terminal" in done.stderr


def test_interrupting_a_pipe_ends_the_input_not_the_work(tmp_path, made):
    out = tmp_path / "out.pcapng"
    command = [sys.executable, "-m", "whyrst.cli", "annotate", "-", str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as running:
        running.stdin.write(EXAMPLE.read_bytes())
        running.stdin.flush()
        while _waiting(running.stdin):  # what is read is read with the interrupt in hand
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
    assert out.read_bytes() == made


def _waiting(pipe):
    """Bytes in a pipe that nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)
