"""Processes that tests start, kill and start again."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
MOMENTS = (0.45, 0.62, 0.8, 0.55, 0.7, 0.97)
"""Seconds after its start at which the agent is killed."""


def pump(folder, config, total, each=7):
    return subprocess.Popen(
        (sys.executable, HERE / "pump.py", folder, str(total), str(each), config),
        stderr=subprocess.PIPE,
    )


def killed_and_finished(folder, config, total, each=7, moments=MOMENTS):
    """Kill the agent at several moments, then let it finish; what it said at the end, and how often it was killed."""
    kills = 0
    for moment in moments:
        process = pump(folder, config, total, each)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            kills += 1
        process.kill()
        process.communicate()
    return finished(folder, config, total, each), kills


def finished(folder, config, total, each=7):
    """Let the agent deliver everything; what it said."""
    process = pump(folder, config, total, each)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return said.decode()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def reachable(port, seconds=20):
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def program(port, *words):
    """A server, until it is no longer needed."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        reachable(port)
        yield process
    finally:
        process.kill()
        process.wait()


def until(what, seconds=30):
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def number_of(uid):
    return int(re.fullmatch(r"[0-9a-f]{16}-(\d+)", uid)[1])
