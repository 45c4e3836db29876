"""The client closed while the answer was still on its way.

## What happened
The client asked, and closed its socket before it had the whole answer: a user pressed stop, a tab was closed, a video
player jumped to another place, a program had read enough. The server did not know yet and went on sending. Each
segment that arrived afterwards found no socket and was answered with a reset of its own, all with the same number.

## How to be sure
- The client sent a FIN first, while the answer was due or still arriving.
- The resets come from the client, one for each segment of the server, and all have the same sequence number.
- The server's log shows the request as aborted by the client (nginx: status 499), or fewer bytes than the answer has.

## Easily confused with
- `data-after-close`: the client had closed an idle connection, and the server sent something unasked.
- `application-timeout`: the client had got no byte and closed a round number of seconds after its request.
- `forged-reset`: there the numbers of several resets step forward, and their TTL or IP ID is not the client's.
- `benign-teardown`: the answer was complete.

## Fix
None is needed if users may cancel. If it happens too often, look at what makes clients leave: slow answers, or
parts of a file that are asked for and dropped. A client that wants only a part should ask for a range, and one that
wants to keep the connection should read to the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, refutes, supports
from whyrst.fast.tables import Dir, Rst
from whyrst.resets.facts import SECOND, Fact
from whyrst.resets.mechanism import PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="client-cancelled",
    title="The client closed while the answer was still on its way",
    type="passive",
    fix="None if users may cancel; otherwise look at what makes clients leave before the answer is complete.",
    to_be_sure="The server's log shows the request as aborted by the client (nginx: status 499).",
    rfc=("RFC 9293 section 3.6.1", "RFC 1122 section 4.2.2.13"),
    kernel=(
        "net/ipv4/tcp_input.c: tcp_rcv_state_process -> tcp_v4_send_reset, data after RCV_SHUTDOWN",
        "net/ipv4/tcp_minisocks.c: tcp_timewait_state_process -> tcp_v4_send_reset, FIN_WAIT2 and data",
    ),
    counter="TCPAbortOnData",
    reasons=("TCP_ABORT_ON_DATA", "TCP_TIMEWAIT_SOCKET", "NO_SOCKET"),
    look_alikes=("data-after-close", "application-timeout", "forged-reset", "benign-teardown"),
    lab="client_cancelled",
)


def judge(r: Resets) -> Iterator[Sign]:
    """A client's answer, behind its own FIN, to bytes of an answer that it had asked for."""
    trigger, progress = r.trigger, r.progress
    yield needed(r.mechanism.among(PASSIVE), "the client's stack answered a segment that it had no use for")
    yield needed(
        progress.sender_fin & ~progress.peer_fin_acked & Fact.of(r.by_client, ~progress.midstream),
        "the client had closed in frame {sender_fin_frame} without having seen the server's end",
        "the client had not closed first",
    )
    yield needed(
        trigger.fact(trigger.stray_payload),
        "frame {trigger_frame} brought {stray_length} more bytes of the server",
        "frame {trigger_frame} brought no bytes of an answer",
    )
    yield decides(
        progress.answer_under_way | progress.answer_due,
        "an answer was due or under way when the client closed",
        "the connection was idle when the client closed",
    )
    yield hints(
        (r.sender(Dir.RSTS) > 0) | (r.own(Rst.RSTS_EQUAL) > 0),
        "each further segment got a reset of the same number",
        "no other segment was answered in this way",
    )
    patience = r.silences.fin_patience
    yield refutes(
        (r.silences.is_round(patience).yes & (patience >= SECOND)) | r.silences.is_exact(r.silences.since_connect).yes,
        "the client had waited {fin_patience} without a byte of answer, a round time",
        "no round time lies between request and close",
    )
    yield excludes(trigger.stray_notify, "the payload is no more than a TLS alert")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """Data met a socket that a program had closed for reading, too: its FIN was out (net/ipv4/tcp_input.c and
    tcp_minisocks.c), and the program that had asked is known."""
    k = r.kernel
    assert k is not None
    closed = k.passive & k.reason("TCP_ABORT_ON_DATA", "TCP_TIMEWAIT_SOCKET")
    yield supports(closed & k.past(lambda p: not p.passive), "{kernel_closed}")
    yield excludes(k.past(lambda p: p.passive), "this host had accepted the connection, not asked for it")
    yield excludes(k.active, "a socket aborted itself")
