from __future__ import annotations

from whyrst.kernel.counters import check, parse, read, rises

NETSTAT = """\
TcpExt: SyncookiesSent ListenOverflows TCPAbortOnClose
TcpExt: 3 4 5
IpExt: InOctets
IpExt: 99
MPTcpExt: MPRstTx MPRstRx
MPTcpExt: 1 2
"""


def test_groups_of_two_lines_are_read_and_only_tcp_goes_by_bare_names():
    found = parse(NETSTAT)
    assert found["ListenOverflows"] == 4
    assert found["MPTcpExtMPRstTx"] == 1
    assert found["IpExtInOctets"] == 99


def test_a_negative_value_is_read():
    assert parse("Tcp: RtoAlgorithm MaxConn OutRsts\nTcp: 1 -1 12\n")["MaxConn"] == -1


def test_damaged_tables_are_survived():
    assert parse("") == {}
    assert parse("Tcp: OutRsts\n") == {}
    assert parse("Tcp: OutRsts\nUdp: 3\n") == {}
    assert parse("Tcp: OutRsts InErrs\nTcp: x 4\n") == {"InErrs": 4}


def test_the_running_kernel_has_the_counter_that_checks_the_probes():
    assert read()["OutRsts"] >= 0
    assert "TCPAbortOnClose" in read()


def test_only_what_rose_is_told():
    assert rises({"OutRsts": 4, "ListenDrops": 1}, {"OutRsts": 6, "ListenDrops": 1, "ActiveOpens": 9}) == {"OutRsts": 2}


def counter(resets, failed=0):
    return {"OutRsts": resets, "TCPAbortFailed": failed}


def test_events_and_counter_agree_between_the_readings_around_the_start():
    assert check(7, counter(100), counter(102), counter(109)).missing == 0
    assert check(9, counter(100), counter(102), counter(109)).missing == 0


def test_events_and_counter_agree_between_the_readings_around_the_end():
    for events, missing in ((5, 1), (6, 0), (9, 0), (10, -1)):
        assert check(events, counter(100), counter(100), counter(109), last=counter(106)).missing == missing


def test_resets_without_events_are_missing_and_surplus_is_negative():
    assert check(5, counter(100), counter(102), counter(109)).missing == 2
    assert check(12, counter(100), counter(102), counter(109)).missing == -3


def test_a_reset_that_could_not_be_sent_has_no_event():
    assert check(6, counter(100), counter(100), counter(107, 1)).missing == 0
