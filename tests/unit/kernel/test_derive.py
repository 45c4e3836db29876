"""The reason of a reset on kernels that give none."""

from __future__ import annotations

import pytest
from tests.unit.trace.events import ACK, SYN, aborted, numbers, packet, refused, taken

from whyrst.kernel.derive import flags_of, reason
from whyrst.kernel.event import Ends

CLOSE = ("tcp_send_active_reset", "__tcp_close", "tcp_close")
ABORTS = (
    ("ESTABLISHED", CLOSE, {"copied_seq": 2100}, "TCP_ABORT_ON_CLOSE"),
    ("FIN_WAIT2", CLOSE, {"linger2": -1}, "TCP_ABORT_ON_LINGER"),
    ("ESTABLISHED", ("tcp_send_active_reset", "tcp_disconnect", "__tcp_close"), {}, "TCP_STATE"),
    ("ESTABLISHED", ("tcp_send_active_reset", "tcp_abort", "tcp_diag_destroy"), {}, "TCP_STATE"),
    ("ESTABLISHED", ("tcp_send_active_reset", "mptcp_do_fastclose", "__mptcp_close"), {}, "TCP_ABORT_ON_CLOSE"),
    ("ESTABLISHED", ("tcp_send_active_reset", "tcp_out_of_resources"), {}, "TCP_ABORT_ON_MEMORY"),
    ("ESTABLISHED", ("tcp_send_active_reset", "tcp_keepalive_timer"), {}, "TCP_KEEPALIVE_TIMEOUT"),
    ("FIN_WAIT2", ("tcp_send_active_reset", "tcp_keepalive_timer"), {}, "TCP_STATE"),
    ("ESTABLISHED", CLOSE, {}, None),
)
ANSWERS = (
    ("TIME_WAIT", ACK, "TCP_TIMEWAIT_SOCKET"),
    ("SYN_SENT", ACK, "TCP_INVALID_ACK_SEQUENCE"),
    ("LISTEN", ACK, "TCP_FLAGS"),
    ("LISTEN", SYN, None),
    ("NEW_SYN_RECV", SYN, "INVALID_SYN"),
    ("SYN_RECV", ACK, "TCP_ACK_UNSENT_DATA"),
    ("FIN_WAIT1", ACK, "TCP_ABORT_ON_DATA"),
    ("ESTABLISHED", ACK, None),
)


@pytest.mark.parametrize(("state", "stack", "cells", "expected"), ABORTS)
def test_an_abort_without_a_reason(state, stack, cells, expected):
    event = aborted(reason=None, probed=True, state=state, stack=stack, numbers=numbers(**cells))
    assert reason(event) == expected


@pytest.mark.parametrize(("state", "flags", "expected"), ANSWERS)
@pytest.mark.parametrize("unnamed", [None, "NOT_SPECIFIED"])
def test_an_answer_without_a_reason(state, flags, expected, unnamed):
    ends = Ends("10.0.0.1:80", "10.0.0.2:4000")
    trigger = packet(ends.remote, ends.local, flags)
    assert reason(refused(reason=unnamed, state=state, socket=ends, trigger=trigger)) == expected


def test_no_socket_needs_none():
    assert reason(refused(reason=None, probed=True)) == "NO_SOCKET"


def test_what_the_kernel_says_counts():
    assert reason(aborted(reason="TCP_STATE")) == "TCP_STATE"
    assert reason(taken()) is None


def test_the_check_of_a_request_tells_an_invalid_syn():
    ends = Ends("10.0.0.1:80", "0.0.0.0:0")
    event = refused(reason=None, state="LISTEN", socket=ends, stack=("tcp_v4_send_reset", "tcp_check_req"))
    assert reason(event) == "INVALID_SYN"


@pytest.mark.parametrize("end", ["10.0.0.2:4000", "[2001:db8::2]:4000"])
def test_flags_of_both_versions(end):
    here = "10.0.0.1:80" if "." in end else "[2001:db8::1]:80"
    assert flags_of(packet(end, here, SYN | ACK)) == SYN | ACK
    assert flags_of(packet(end, here)[:30]) == 0
    assert flags_of(b"") == 0
