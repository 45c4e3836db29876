from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from unit.kernel.heard import event
from whyrst.kernel.event import Task
from whyrst.kernel.owners import Owners, Row, comm, parse

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
V4 = "   0: 0100007F:1F90 0200000A:C001 {state} 00000000:00000000 00:00000000 00000000  1000 0 {inode} 1 0 100 0\n"
V6 = (
    "   1: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 "
    "00:00000000 00000000  0 0 4711 1 0 100 0 0 10 0\n"
)
MAPPED = "   2: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000200007F:0051 01 0:0 0:0 0 0 0 9 1 0\n"
ENDS = ("127.0.0.1", 8080), ("10.0.0.2", 49153)


def test_rows_of_the_tables():
    assert parse(HEAD) is None
    assert parse(V4.format(state="01", inode=12)) == Row("127.0.0.1:8080", "10.0.0.2:49153", False, 12)
    assert parse(V6) == Row("[2001:db8::1]:80", "[::]:0", True, 4711)
    assert parse(MAPPED) == Row("127.0.0.1:80", "127.0.0.2:81", False, 9)


@pytest.mark.parametrize("line", ["", "0: x", V4.format(state="06", inode=0), V4[:40], "a b:c d:e 0A 1 2 3 4 5 6 7"])
def test_what_is_no_row_or_has_no_owner_is_left_out(line):
    assert parse(line) is None


@pytest.fixture
def host(tmp_path):
    """A /proc with one process that holds socket 12, and the tables of a namespace."""
    process = tmp_path / "77"
    (process / "fd").mkdir(parents=True)
    (process / "comm").write_text("nginx\n")
    (process / "fd" / "3").symlink_to("socket:[12]")
    (process / "fd" / "4").symlink_to("/dev/null")
    (process / "fd" / "5").symlink_to("socket:[4711]")
    net = process / "net"
    net.mkdir()
    (net / "tcp").write_text(HEAD + V4.format(state="01", inode=12))
    (net / "tcp6").write_text(HEAD + V6)
    (tmp_path / "self").mkdir()
    return tmp_path


def test_a_socket_that_is_open_is_known_by_its_inode(host):
    owners = Owners(host)
    owners.search()
    assert owners.of(event("received", *ENDS, inode=12)) == Task(77, "nginx")
    assert owners.of(event("received", *ENDS, inode=13)) is None


def test_a_connection_that_is_older_than_the_probes_is_known_by_its_addresses(host):
    owners = Owners(host)
    owners.search()
    owners.read(1, host / "77" / "net")
    assert owners.of(event("sent", *ENDS)) == Task(77, "nginx")
    assert owners.of(event("sent", *ENDS, netns=2)) is None


def test_an_answer_by_a_listening_port_belongs_to_the_listener(host):
    owners = Owners(host)
    owners.search()
    found = owners.of(event("sent", ("2001:db8::1", 80), ("2001:db8::2", 50000)), lambda: host / "77" / "net")
    assert found == Task(77, "nginx")


def test_who_acted_is_the_owner(host):
    told = event("sent", *ENDS, inode=12, in_process=True, task=Task(5, "curl"))
    assert Owners(host).of(told) == Task(5, "curl")


def test_a_process_that_ended_stays_known(host):
    owners = Owners(host)
    owners.search()
    (host / "77" / "fd" / "3").unlink()
    owners.search()
    assert owners.of(event("received", *ENDS, inode=12)) == Task(77, "nginx")


def test_our_own_socket_is_found_in_the_real_tables():
    with socket.create_server(("127.0.0.1", 0)) as server:
        owners = Owners()
        owners.search()
        here = ("127.0.0.1", server.getsockname()[1])
        found = owners.of(event("sent", here, ("127.0.0.9", 9)), lambda: Path("/proc/self/net"))
    assert found == Task(os.getpid(), comm(Path("/proc/self")))
