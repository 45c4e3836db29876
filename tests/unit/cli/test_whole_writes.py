from __future__ import annotations

import array
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

CASE = Path(__file__).resolve().parents[2] / "cases" / "port-closed" / "capture.pcap"
LINES = 40
LINE = 4999  # more than is written at once, whole or not at all (PIPE_BUF)
PROGRAM = f"""
import signal, sys
from whyrst.cli import write_whole
signal.signal(signal.SIGINT, lambda *_: None)
write_whole()
for k in range({LINES}):
    sys.stdout.buffer.write(b"x" * {LINE} + b"\\n")
    sys.stdout.buffer.flush()
print("the end")
"""


def waits_for_its_reader(child):
    """Whether the pipe holds as much as before, and the process sleeps."""
    held = array.array("i", [0])
    fcntl.ioctl(child.stdout.fileno(), termios.FIONREAD, held)
    state = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "S" and held[0] > 8 * LINE


def test_a_signal_during_a_write_loses_nothing_without_pythons_own_buffer():
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, env=environment) as child:
        while not waits_for_its_reader(child):
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        while Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            time.sleep(0.01)
        said = child.communicate()[0]
    assert said == (b"x" * LINE + b"\n") * LINES + b"the end\n"


@pytest.mark.parametrize(("closed", "file", "status"), [(1, CASE, 0), (2, "/nowhere.pcap", 2)])
def test_streams_that_a_caller_closed_take_what_is_written(closed, file, status):
    command = [sys.executable, "-m", "whyrst.cli", "analyze", "-q", str(file)]
    ran = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *command], capture_output=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (status, b"", b"")
