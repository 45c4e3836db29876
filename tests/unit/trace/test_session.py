"""From events to judged resets, as they come."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec
import pytest
from tests.unit.trace.events import ACK, NOON, SECOND, aborted, numbers, packet, refused, taken

from whyrst.kernel.event import Ends, Past, Task
from whyrst.trace.session import HOLD, SPACES, Session, verdicts

PSH = 8


def causes(batches):
    return [judged.verdict(i).cause for judged in batches for i in range(len(judged))]


def test_events_wait():
    session = Session()
    session.take(refused())
    assert causes(session.ripe(NOON + HOLD - 1)) == []
    assert causes(session.ripe(NOON + HOLD)) == ["port-closed"]
    assert causes(session.close()) == []


def test_what_comes_within_the_wait_counts():
    session = Session()
    scan = [refused(f"10.0.0.1:{1000 + k}", after=0.02 * k) for k in range(20)]
    for event in scan:
        session.take(event)
        list(session.ripe(event.time))
    assert set(causes(session.close())) == {"port-scan"}


def test_out_of_order():
    session = Session()
    session.take(refused(remote="10.0.0.3:1", after=0.01))
    session.take(refused(remote="10.0.0.4:1"))
    times = [int(judged.time[i]) for judged in session.close() for i in range(len(judged))]
    assert times == sorted(times)


def test_a_socket_that_aborts_itself_took_no_reset():
    ends = Ends("10.0.0.1:80", "10.0.0.2:4000")
    session = Session()
    session.take(taken(ends.local, ends.remote))
    session.take(aborted(ends.local, ends.remote, time=NOON + 30_000))
    told = [judged.verdict(i) for judged in session.close() for i in range(len(judged))]
    assert [verdict.kernel.socket["kind"] for verdict in told] == ["sent"]


def test_a_socket_that_aborts_itself_took_none_whatever_else_it_sends():
    ends = Ends("10.0.0.1:80", "10.0.0.2:4000")
    session = Session()
    session.take(taken(ends.local, ends.remote))
    for after in (30_000, SECOND // 20):
        session.take(aborted(ends.local, ends.remote, time=NOON + after))
    told = [judged.verdict(i) for judged in session.close() for i in range(len(judged))]
    assert [verdict.kernel.socket["kind"] for verdict in told] == ["sent", "sent"]


def test_a_refusal_from_elsewhere_is_that_of_a_closed_port_and_no_scan():
    asking = numbers(
        snd_una=1100, snd_nxt=1101, write_seq=1101, rcv_nxt=0, copied_seq=0, bytes_sent=0, bytes_acked=0,
        bytes_received=0, sent_ago=None, received_ago=None, srtt=0.0, timestamps=False,
    )  # fmt: skip
    session = Session()
    for port in range(3):
        session.take(taken(f"10.0.0.1:{4000 + port}", f"10.0.0.2:{80 + port}", state="SYN_SENT", numbers=asking))
    assert causes(session.close()) == ["port-closed"] * 3


def test_both_ends_on_one_host_stay_apart():
    session = Session()
    session.take(aborted("127.0.0.1:80", "127.0.0.1:4000"))
    session.take(taken("127.0.0.1:4000", "127.0.0.1:80", time=NOON + 2 * SECOND))
    told = [judged.verdict(i) for judged in session.close() for i in range(len(judged))]
    assert sorted(verdict.kernel.socket["kind"] for verdict in told) == ["received", "sent"]


def test_no_reset_is_lost_when_there_are_many_namespaces():
    session = Session()
    many = SPACES + 20
    for space in range(many):
        session.take(refused(netns=space))
    found = causes(session.ripe(NOON + SECOND // 10))
    assert len(found + causes(session.close())) == many


def test_who_sent_a_reset_knows_why_for_both_ends():
    session = Session()
    session.take(aborted("127.0.0.1:80", "127.0.0.1:4000"))
    session.take(taken("127.0.0.1:4000", "127.0.0.1:80", netns=2, numbers=numbers(rcv_nxt=1100, copied_seq=1100)))
    told = [judged.verdict(i) for judged in session.close() for i in range(len(judged))]
    assert {(v.kernel.socket["kind"], v.cause, v.confidence) for v in told} == {
        ("sent", "close-with-unread-data", "certain"),
        ("received", "close-with-unread-data", "certain"),
    }
    assert {v.kernel.socket.get("sent_by") for v in told} == {None, "nginx[123]"}


def late_request(late=0):
    """A request for a closed connection, and its answer where it arrives, with the FIN's number or the one before."""
    asked = packet("127.0.0.1:4000", "127.0.0.1:80", PSH | ACK, b"GET / HTTP/1.1\r\n\r\n", 2200, 1099)
    past = Past(
        opened=NOON - 9 * SECOND, established=NOON - 9 * SECOND, left=NOON - 4 * SECOND, ended=NOON - 4 * SECOND,
        passive=True, opener=None, acceptor=None, leaver=Task(123, "nginx"), before="FIN_WAIT2", snd_nxt=1100,
        rcv_nxt=2200, bytes_acked=100, bytes_received=200, error=0, repeats=0, repeated=None, reset=None,
        reset_sent=False, reset_reason=None, cpu=0,
    )  # fmt: skip
    sent = refused("127.0.0.1:80", "127.0.0.1:4000", state="TIME_WAIT", reason="TCP_TIMEWAIT_SOCKET", trigger=asked,
                   past=past, substate="FIN_WAIT2")  # fmt: skip
    end = numbers(rcv_nxt=1100, copied_seq=1100, snd_nxt=2218, snd_una=2200)
    came = taken("127.0.0.1:4000", "127.0.0.1:80", numbers=end, state="CLOSE_WAIT", time=NOON + 50_000_000 + late)
    return sent, came


@pytest.mark.parametrize("backwards", [False, True])
def test_what_a_reset_answered_is_told_where_it_arrives(backwards):
    session = Session()
    for event in sorted(late_request(), key=lambda event: event.kind, reverse=backwards):
        session.take(event)
    told = [judged.verdict(i) for judged in session.close() for i in range(len(judged))]
    assert {(v.kernel.socket["kind"], v.cause) for v in told} == {
        ("sent", "data-after-close"), ("received", "data-after-close"),
    }  # fmt: skip


def test_what_somebody_else_answered_is_not():
    session = Session()
    session.take(late_request(2 * SECOND)[1])
    (told,) = [judged.verdict(i) for judged in session.close() for i in range(len(judged))]
    assert told.cause != "data-after-close"
    assert told.reset.answers_frame is None


@pytest.mark.parametrize(
    ("late", "number"), [(2 * SECOND, 1100), (-SECOND // 100, 1100), (0, 1101)],
    ids=["long before", "sent afterwards", "another number"],
)  # fmt: skip
def test_a_reset_that_is_not_the_one_that_came_explains_nothing(late, number):
    session = Session()
    session.take(aborted("127.0.0.1:80", "127.0.0.1:4000"))
    end = numbers(rcv_nxt=number, copied_seq=number)
    session.take(taken("127.0.0.1:4000", "127.0.0.1:80", time=NOON + late, numbers=end))
    told = [judged.verdict(i) for judged in session.close() for i in range(len(judged))]
    (received,) = [v for v in told if v.kernel.socket["kind"] == "received"]
    assert received.cause != "close-with-unread-data"
    assert "sent_by" not in received.kernel.socket


@pytest.mark.parametrize("size", [(1 << 30) - 1, 1 << 30, 3_000_000_000, 5_000_000_000])
def test_what_carried_gigabytes_is_told_whole(size):
    """Numbers of one segment cannot be that far apart (RFC 7323 section 2.3), and come again after 4 GiB."""
    there = {"rcv_nxt": (2000 + size) % (1 << 32), "copied_seq": (1995 + size) % (1 << 32)}
    (one,) = verdicts([aborted(numbers=numbers(bytes_received=size, **there))])
    assert (one.cause, one.confidence) == ("close-with-unread-data", "certain")
    assert one.connection.bytes_client == size
    number = {"snd_una": (1000 + size) % (1 << 32), "snd_nxt": (1000 + size) % (1 << 32)}
    (one,) = verdicts([aborted(numbers=numbers(bytes_acked=size, bytes_sent=size, copied_seq=2195, **number))])
    assert (one.cause, one.connection.bytes_server) == ("close-with-unread-data", size - 1)


PROGRAM = """
import sys, msgspec
from whyrst.kernel.event import KernelEvent
from whyrst.trace.session import verdicts
told = msgspec.json.decode(sys.stdin.buffer.read(), type=list[KernelEvent])
sys.stdout.buffer.write(msgspec.json.encode(list(verdicts(told))))
"""


def test_uncompiled_loops_tell_the_same():
    told = msgspec.json.encode([refused(), aborted(), aborted(numbers=numbers(bytes_received=1 << 31))])
    said = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], input=told, stdout=subprocess.PIPE, check=True, env={**os.environ, **pure}
        ).stdout
        for pure in ({"WHYRST_PURE": ""}, {"WHYRST_PURE": "1"})
    }
    assert len(said) == 1
    assert len(msgspec.json.decode(said.pop())) == len(msgspec.json.decode(told))
