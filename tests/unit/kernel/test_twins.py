"""Other connections of a port, from the table of its namespace."""

from __future__ import annotations

from pathlib import Path

from tests.unit.trace.events import ACK, SYN, packet, refused

from whyrst.kernel.event import Ends
from whyrst.kernel.twins import MOST, tables_of, twins, wanted

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LINE = "  {at}: 0100000A:{port:04X} {remote}:1F90 {state} 00000000:00000000 00:00000000 00000000  0 0 {inode} 1 0\n"


def line(at, *, port=4000, remote="0200000A", state="01", inode=77):
    return LINE.format(at=at, port=port, remote=remote, state=state, inode=inode)


def test_connections_of_the_port_only():
    table = [HEAD, line(0, state="0A"), line(1), line(2, port=4001), line(3, remote="0300000A"), line(4, inode=0)]
    found = twins("10.0.0.1:4000", [table])
    assert found == (Ends("10.0.0.1:4000", "10.0.0.2:8080"), Ends("10.0.0.1:4000", "10.0.0.3:8080"))


def test_their_number_is_limited():
    assert len(twins("10.0.0.1:4000", [[line(at) for at in range(100)]])) == MOST


def test_only_stray_segments_are_looked_up():
    stray = packet("10.0.0.9:80", "10.0.0.1:4000", ACK, b"data")
    assert wanted(refused("10.0.0.1:4000", "10.0.0.9:80", trigger=stray))
    assert not wanted(refused(trigger=packet("10.0.0.2:4000", "10.0.0.1:80", SYN)))
    assert not wanted(refused(reason="TCP_FLAGS", trigger=stray))


def test_the_own_table_can_be_read():
    assert next(tables_of(Path("/proc/self/net")))[0].split()[1] == "local_address"


def test_a_namespace_that_is_gone(tmp_path):
    assert list(tables_of(tmp_path)) == []
