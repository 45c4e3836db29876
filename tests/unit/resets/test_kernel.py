"""What kernel events say about resets: mechanism, harm, vantage, causes."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest
from tests.unit.trace.events import ACK, NOON, SECOND, SYN, aborted, numbers, packet, refused, taken

from whyrst.kernel.event import Ends, Listener, Past, Rival, Task
from whyrst.trace.session import verdicts

CLOSE = ("tcp_send_active_reset", "__tcp_close", "tcp_close", "inet_release")
LINGER = ("tcp_send_active_reset", "tcp_disconnect", "__tcp_close", "tcp_close")
HERE, THERE = "10.0.0.1:80", "10.0.0.2:4000"
NGINX = Task(123, "nginx")


def past(**more):
    usual = {
        "opened": NOON - 10 * SECOND, "established": NOON - 10 * SECOND, "left": None, "ended": None, "passive": True,
        "opener": None, "acceptor": NGINX, "leaver": None, "before": None, "snd_nxt": 1100, "rcv_nxt": 2200,
        "bytes_acked": 100, "bytes_received": 200, "error": 0, "repeats": 0, "repeated": None, "reset": None,
        "reset_sent": False, "reset_reason": None, "cpu": 0, "sent_ago": 1.0, "received_ago": 1.0,
    }  # fmt: skip
    return Past(**(usual | more))


def stray(flags=ACK, payload=b"", **more):
    """A segment that found no socket."""
    return refused(HERE, THERE, trigger=packet(THERE, HERE, flags, payload, seq=2200, ack=1100), **more)


def only(*events):
    return list(verdicts(events))[-1]


@dataclass
class Case:
    event: object
    cause: str
    sure: str = "certain"


def state(stack, **cells):
    return aborted(reason="TCP_STATE", stack=stack, numbers=numbers(**cells), past=past())


def timer(**cells):
    stack = ("tcp_send_active_reset", "tcp_keepalive_timer")
    return aborted(reason="TCP_KEEPALIVE_TIMEOUT", stack=stack, in_process=False, numbers=numbers(probes=9, **cells))


def gone(**more):
    return past(**({"ended": NOON - SECOND, "left": None} | more))


GIVEN_UP = gone(before="SYN_SENT", passive=False, opener=Task(5, "curl"), established=None, opened=NOON - 3 * SECOND)
RACE = Rival(NOON - 3 * SECOND, NOON - SECOND, Ends("[2001:db8::1]:5", "[2001:db8::2]:4000"))
DEAD = Listener(NOON - 60 * SECOND, NOON - SECOND, 0, NGINX, 9)
STOPPED = Listener(NOON - 60 * SECOND, NOON - SECOND, 0, NGINX, None)
LISTENER = {"state": "LISTEN", "socket": Ends(HERE, "0.0.0.0:0"), "reason": "TCP_FLAGS"}
CASES = {
    "unread": Case(aborted(numbers=numbers(copied_seq=2195)), "close-with-unread-data"),
    "linger": Case(state(LINGER, lingers=True), "linger-zero"),
    "tcp_abort": Case(state(("tcp_send_active_reset", "tcp_abort", "tcp_diag_destroy")), "admin-kill"),
    "af_unspec": Case(
        state(("tcp_send_active_reset", "tcp_disconnect", "__inet_stream_connect")), "socket-disconnect"
    ),
    "listener": Case(
        state(("tcp_send_active_reset", "tcp_disconnect", "inet_child_forget", "inet_csk_listen_stop", "__tcp_close")),
        "listener-closed",
    ),
    "fin_wait2 timer": Case(
        aborted(reason="TCP_STATE", state="FIN_WAIT2", stack=("tcp_send_active_reset", "tcp_keepalive_timer"),
                in_process=False), "fin-wait2-expired",
    ),
    "killed": Case(aborted(ending=9, stack=(*CLOSE, "do_exit")), "process-crash"),
    "linger2": Case(aborted(reason="TCP_ABORT_ON_LINGER", state="FIN_WAIT2"), "linger2-abort"),
    "memory": Case(aborted(reason="TCP_ABORT_ON_MEMORY"), "resource-limit"),
    "mptcp": Case(
        aborted(stack=("tcp_send_active_reset", "mptcp_do_fastclose.part.0", "__mptcp_close")), "mptcp-reset"
    ),
    "probes": Case(timer(), "keepalive-timeout"),
    "user timeout": Case(timer(user_timeout=5000), "user-timeout"),
    "closed port": Case(refused(), "port-closed"),
    "killed service": Case(refused(listener=DEAD), "process-crash", "likely"),
    "gave up": Case(stray(past=gone(before="ESTABLISHED", error=110, repeats=8)), "retransmission-timeout"),
    "after a reset": Case(
        stray(past=gone(before="ESTABLISHED", reset=NOON - SECOND, reset_sent=True, reset_reason="TCP_STATE")),
        "connection-gone",
    ),
    "late fin": Case(
        stray(ACK | 1, past=gone(before="FIN_WAIT2", left=NOON - 61 * SECOND, leaver=NGINX)), "fin-wait2-expired"
    ),
    "vanished": Case(stray(payload=b"x", past=gone(before="ESTABLISHED")), "host-restart"),
    "late syn-ack": Case(stray(SYN | ACK, past=GIVEN_UP), "late-syn-ack"),
    "race": Case(stray(SYN | ACK, past=GIVEN_UP, rival=RACE), "race-loser", "likely"),
    "overflow": Case(
        stray(**(LISTENER | {"reason": "INVALID_SYN", "numbers": numbers(backlog=5, backlog_limit=4)})),
        "accept-queue-abort",
    ),
    "half open": Case(
        stray(payload=b"GET", **(LISTENER | {"numbers": numbers(backlog=5, backlog_limit=4)})), "accept-queue-half-open"
    ),
    "bad syn-ack": Case(
        stray(SYN | ACK, state="SYN_SENT", socket=Ends(HERE, THERE), reason="TCP_INVALID_ACK_SEQUENCE",
              numbers=numbers(snd_nxt=5000)), "bad-handshake-ack",
    ),
    "early demux": Case(
        stray(SYN | ACK, state="ESTABLISHED", socket=Ends(HERE, "10.0.0.9:4000"), reason="TCP_ABORT_ON_DATA",
              numbers=numbers(), kernel="6.1.0"), "kernel-early-demux-nat",
    ),
    "lookup race": Case(stray(twins=(Ends(HERE, THERE),)), "kernel-handshake-race"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_one_reason_merges_is_told_apart(name):
    case = CASES[name]
    verdict = only(case.event)
    assert verdict.cause == case.cause
    if case.sure == "certain":
        assert verdict.confidence == "certain"
    else:
        assert verdict.confidence != "undetermined"


@pytest.mark.parametrize("name", CASES)
def test_evidence_can_be_written(name):
    verdict = only(CASES[name].event)
    assert verdict.evidence
    assert not any("{" in one.says for one in verdict.evidence)
    assert msgspec.json.encode(verdict)


def test_what_the_kernel_sent_nobody_forged():
    assert only(aborted()).reset.mechanism == "active"
    assert only(stray()).reset.mechanism == "passive"


def test_what_left_without_the_stack_is_a_filters():
    trigger = packet(HERE, THERE, 4 | ACK, seq=0, ack=2)
    unseen = refused(HERE, THERE, kind="unseen", reason=None, trigger=b"", socket=Ends(HERE, THERE), packet=None)
    (verdict,) = verdicts_of(unseen, trigger)
    assert verdict.reset.mechanism == "firewall"


def verdicts_of(event, data):
    from whyrst.trace.session import Session

    session = Session()
    session.take(event, data)
    return [judged.verdict(i) for judged in session.close() for i in range(len(judged))]


def test_the_local_end_is_the_vantage():
    assert only(aborted(past=past())).vantage == "server"
    assert only(taken(past=past(passive=False))).vantage == "client"


def test_harm_counts_what_went_with_the_socket():
    lost = numbers(copied_seq=2150, snd_una=1080, write_seq=1130)
    verdict = only(aborted(numbers=lost, past=past()))
    assert verdict.harm.level == "data-lost"
    assert verdict.harm.bytes_lost == 50 + 20 + 30
    assert verdict.harm.says == (
        "Lost: 50 bytes received and never read, 20 bytes sent and not acknowledged, 30 bytes written and never sent."
    )


def test_the_number_of_a_fin_is_no_byte():
    closed = aborted(state="CLOSE_WAIT", reason="TCP_STATE", stack=LINGER, past=past(),
                     numbers=numbers(lingers=True, copied_seq=2199))  # fmt: skip
    assert only(closed).harm.bytes_lost == 0


def test_why_goes_before_how():
    waits = numbers(lingers=True, sent_ago=2.0, received_ago=2.5, heard_ago=1.9, bytes_sent=100)
    own = past(passive=False, opener=Task(5, "curl"))
    verdict = only(aborted(THERE, HERE, comm="curl", reason="TCP_STATE", stack=LINGER, numbers=waits, past=own))
    assert verdict.cause == "application-timeout"
    assert verdict.confidence != "certain"
    assert "linger-zero" in {other.cause for other in verdict.alternatives}


def test_an_orderly_stop_is_no_crash():
    verdict = only(refused(listener=STOPPED))
    assert verdict.cause != "process-crash"


def test_who_listened_is_told():
    says = [one.says for one in only(refused(listener=DEAD)).evidence]
    assert any("nginx[123], which was killed by signal 9 (SIGKILL)" in text for text in says)


def test_known_bugs_are_named_with_their_versions():
    says = " ".join(one.says for one in only(CASES["early demux"].event).evidence)
    assert "Linux 6.1.0 has the bug that was repaired in Linux 6.6" in says


def test_a_reset_that_nobody_saw_has_no_form():
    verdict = only(taken(past=past(passive=False)))
    assert verdict.reset.mechanism == "unknown"
    assert verdict.cause == "undetermined"


def test_a_refusal_needs_no_packet():
    asked = taken(state="SYN_SENT", reason=None, numbers=numbers(snd_nxt=1001, bytes_sent=0, bytes_received=0),
                  past=past(passive=False, established=None))  # fmt: skip
    verdict = only(asked)
    assert verdict.harm.level == "refused"
    assert verdict.reset.mechanism == "passive"


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (aborted(stack=(), numbers=numbers(copied_seq=2195), past=past()), "close-with-unread-data"),
        (aborted(stack=(), reason="TCP_STATE", numbers=numbers(lingers=True), past=past()), "linger-zero"),
    ],
)
def test_without_names_of_functions(event, cause):
    verdict = only(event)
    assert verdict.cause == cause
    assert verdict.confidence in {"likely", "certain"}


def test_a_service_for_one_client_only_ends():
    gone_now = Listener(NOON - 60 * SECOND, NOON - SECOND // 2, 0, NGINX, None)
    verdict = only(aborted(numbers=numbers(copied_seq=2195), past=past(), listener=gone_now))
    assert verdict.cause == "close-with-unread-data"


def test_a_probe_sent_again_is_still_a_probe():
    nothing = refused(HERE, THERE, trigger=packet(THERE, HERE, 0, seq=7))
    again = msgspec.structs.replace(nothing, time=NOON + SECOND // 10)
    assert {verdict.cause for verdict in verdicts((nothing, again))} == {"port-scan"}
