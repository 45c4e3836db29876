"""Tests that watch the whole kernel take turns, also in several processes: resets of one would count in another."""

from __future__ import annotations

import fcntl
import signal
from pathlib import Path

import pytest

# A shell that starts a command in the background lets it ignore SIGINT, and so the programs that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).parent
WATCHING = (HERE / "kernel", HERE / "lab")


@pytest.fixture(autouse=True)
def alone(request, tmp_path_factory):
    if not any(request.path.is_relative_to(folder) for folder in WATCHING):
        yield
        return
    with (tmp_path_factory.getbasetemp().parent / "kernel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
