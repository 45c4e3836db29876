from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from whyrst.kernel.namespaces import Namespaces, here, inside


@pytest.fixture
def elsewhere():
    """A program in a network namespace of its own, and that namespace's number."""
    command = ("unshare", "--net", "sh", "-c", "echo; read -r _")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        if not program.stdout.readline():
            pytest.skip("namespaces need root")
        yield program.pid, Path(f"/proc/{program.pid}/ns/net").stat().st_ino
        program.stdin.close()


def test_our_own_namespace_is_known():
    known = Namespaces()
    assert here() in known
    assert (known.net(here()) / "tcp").is_file()
    assert known.door(here()).stat().st_ino == here()


def test_a_namespace_that_nobody_lives_in_is_not_known():
    known = Namespaces()
    assert known.net(1) is None
    assert known.door(1) is None


def test_the_namespace_of_another_process_is_found_and_forgotten_with_it(elsewhere):
    pid, number = elsewhere
    known = Namespaces()
    assert number != here()
    assert str(pid) in known.net(number).parts
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    assert known.net(number) is None


def test_work_inside_leaves_the_caller_where_it_is(elsewhere):
    _, number = elsewhere
    before = here()
    assert inside(Namespaces().door(number), here) == number
    assert here() == before


def test_an_error_inside_is_raised_here(elsewhere):
    with pytest.raises(ZeroDivisionError):
        inside(Namespaces().door(elsewhere[1]), lambda: 1 / 0)
    with pytest.raises(OSError, match="Invalid argument"):
        inside(Path("/dev/null"), here)
