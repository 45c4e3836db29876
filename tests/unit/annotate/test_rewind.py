"""Standard input is the process's own, so each test is a process."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from whyrst.annotate.rewind import keep_input, rewind
cut = keep_input(int(sys.argv[1]))
for _ in range(2):
    rewind("-")
    sys.stdout.write(f"{len(os.read(0, 1 << 20))} ")
sys.stdout.write(cut.reason.split(";")[0] if cut else "whole")
"""


def run(most, data=None, file=None):
    """What two readings of standard input gave."""
    command = [sys.executable, "-c", PROGRAM, str(most)]
    return subprocess.run(command, input=data, stdin=file, capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize(
    ("size", "found"),
    [
        (0, "0 0 whole"),
        (999, "999 999 whole"),
        (1000, "1000 1000 whole"),
        (1001, "1000 1000 only this much of a pipe is kept"),
        (90_000, "1000 1000 only this much of a pipe is kept"),
    ],
)
def test_a_pipe_is_kept_up_to_a_bound(size, found):
    assert run(1000, bytes(size)) == found


def test_a_file_needs_no_copy(tmp_path):
    path = tmp_path / "in"
    path.write_bytes(bytes(5000))
    with path.open("rb") as file:
        assert run(1000, file=file) == "5000 5000 whole"


def test_a_file_that_was_read_from_is_taken_from_there(tmp_path):
    path = tmp_path / "in"
    path.write_bytes(bytes(500))
    with path.open("rb", buffering=0) as file:
        file.read(100)
        assert run(1000, file=file) == "400 400 whole"


def test_a_pipe_that_was_not_kept_cannot_begin_again():
    program = "from whyrst.annotate.rewind import rewind; rewind('-')"
    done = subprocess.run([sys.executable, "-c", program], input=b"x", capture_output=True, check=False)
    assert b"Illegal seek" in done.stderr
