"""Recorded kernel events beside the capture of the same resets."""

from __future__ import annotations

import pytest
from tests.unit.trace.events import NOON, SECOND, aborted, numbers, taken

from whyrst.analysis import analyze
from whyrst.lab.wire import Capture, Host, payloads

CLIENT, SERVER = "192.0.2.10:40100", "198.51.100.7:80"
STACK = ("tcp_send_active_reset", "tcp_disconnect", "__tcp_close", "tcp_close")


@pytest.fixture
def aborts(tmp_path):
    """A capture in which the client aborts; its path and the reset's numbers."""
    capture = Capture("client")
    talk = capture.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80)
    talk.handshake()
    talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.004)
    talk.wait(0.0011)
    reset = talk.client.abort()
    path = tmp_path / "capture.pcap"
    capture.write(path)
    (verdict,) = analyze(path).verdicts
    assert verdict.kernel is None
    assert reset is not None
    return path, verdict.reset


def event(reset, **more):
    """The kernel's event of that reset: SO_LINGER 0."""
    cells = numbers(snd_nxt=reset.seq, snd_una=reset.seq, write_seq=reset.seq, rcv_nxt=reset.ack, copied_seq=reset.ack,
                    lingers=True)  # fmt: skip
    return aborted(CLIENT, SERVER, comm="curl", pid=7, reason="TCP_STATE", stack=STACK, numbers=cells, **more)


def joined(path, *events):
    return next(iter(analyze(path, events=events).verdicts))


def test_the_kernel_says_what_the_wire_cannot(aborts):
    path, reset = aborts
    verdict = joined(path, event(reset))
    assert (verdict.cause, verdict.confidence) == ("linger-zero", "certain")
    assert verdict.kernel.process.comm == "curl"
    assert verdict.frame > 0


@pytest.mark.parametrize("hours", [-30, 0, 5])
def test_clocks_may_differ(aborts, hours):
    path, reset = aborts
    assert joined(path, event(reset, time=NOON + hours * 3600 * SECOND)).cause == "linger-zero"


def test_another_number_is_another_reset(aborts):
    path, reset = aborts
    other = event(reset)
    other = aborted(CLIENT, SERVER, reason="TCP_STATE", stack=STACK, numbers=numbers(snd_nxt=reset.seq + 1))
    assert joined(path, other).kernel is None


def test_the_sender_knows_better_than_the_receiver(aborts):
    path, reset = aborts
    far = taken(SERVER, CLIENT, numbers=numbers(rcv_nxt=reset.seq), time=NOON - SECOND)
    assert joined(path, far, event(reset)).kernel.socket["kind"] == "sent"
    assert joined(path, far).kernel.socket["kind"] == "received"


def test_no_events_at_all(aborts):
    path, _ = aborts
    verdict = joined(path)
    assert verdict.kernel is None
    assert verdict.cause == next(iter(analyze(path).verdicts)).cause
