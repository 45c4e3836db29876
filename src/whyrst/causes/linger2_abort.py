"""TCP_LINGER2 below zero cut the end of the connection short.

## What happened
The program had set TCP_LINGER2 to a negative value. That tells Linux not to wait for the peer's FIN after the program
has closed. As soon as the peer acknowledges the FIN, which would begin the wait in FIN_WAIT_2, the kernel drops the
connection and answers the acknowledgement with a reset. When the FIN had been acknowledged before the program closed,
the kernel sends `RST, ACK` at the moment of the close instead. What the peer was still going to send is lost.

## How to be sure
- The reset answers a bare ACK, the very one that first acknowledges the FIN of the reset's sender. Nothing else in
  Linux does that: a socket that has closed in order takes this ACK.
- It happens on every connection of that program that the peer does not close first.
- `nstat -az` shows TCPAbortOnData rising in the first form, and TCPAbortOnLinger in the second.
- `strace -f -e trace=setsockopt -p PID` shows `TCP_LINGER2` with a negative value. This settles it.

## Easily confused with
- `linger-zero`: SO_LINGER, not TCP_LINGER2. There the reset replaces the FIN; here it comes after it.

## Fix
Remove TCP_LINGER2 or give it a positive number of seconds. To be rid of half-closed connections sooner, lower
`net.ipv4.tcp_fin_timeout` instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, needed, proves, supports
from whyrst.fast.tables import Dir
from whyrst.resets.facts import MS, Fact
from whyrst.resets.mechanism import ACTIVE, PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="linger2-abort",
    title="TCP_LINGER2 below zero cut the end of the connection short",
    type="passive|active",
    fix="Remove TCP_LINGER2 or make it positive.",
    to_be_sure="`strace -f -e trace=setsockopt -p PID` shows TCP_LINGER2 with a negative value.",
    rfc=("RFC 9293 section 3.10.5", "RFC 9293 section 3.3.2"),
    kernel=(
        "net/ipv4/tcp_input.c: tcp_rcv_state_process -> tcp_v4_send_reset, FIN_WAIT1 acknowledged and linger2 < 0",
        "net/ipv4/tcp.c: __tcp_close -> tcp_send_active_reset, FIN_WAIT2 and linger2 < 0",
    ),
    counter="TCPAbortOnData or TCPAbortOnLinger",
    reasons=("TCP_ABORT_ON_DATA", "TCP_ABORT_ON_LINGER"),
    look_alikes=("linger-zero",),
    lab="linger2_negative",
)


SLACK = 5 * MS
"""What an answer that the kernel gives at once may take beyond the round trip."""


def judge(r: Resets) -> Iterator[Sign]:
    """A reset in answer to the first acknowledgement of the FIN; on Linux that has one reason only.

    tcp_rcv_state_process drops an orphan in FIN_WAIT_1 whose FIN is acknowledged when linger2 < 0. Without that
    option the socket lives on in FIN_WAIT_2, so that a bare ACK can never hit a missing socket. The reset comes at
    once; one that comes later answers data that the capture lost.
    """
    trigger, active = r.trigger, r.mechanism.among(ACTIVE)
    at_once = Fact.of(trigger.delay <= r.habits.rtt + np.maximum(r.habits.rtt // 2, SLACK), r.habits.rtt > 0)
    bare = trigger.fact(trigger.is_bare_ack & ~at_once.no)
    answers = r.mechanism.among(PASSIVE) & bare & trigger.first_ack_of_fin
    late = r.progress.sender_fin_acked & (r.peer(Dir.DATA_TIME) < r.sender(Dir.FIN_TIME))
    yield needed(
        r.progress.sender_fin,
        "the {sender} had closed in frame {sender_fin_frame}",
        "the {sender} had not closed before",
    )
    yield needed(~r.progress.peer_fin, "the {peer} had not closed", "the {peer} had closed, too")
    yield needed(
        answers | (active & late),
        "the reset follows the acknowledgement of that FIN, and no new bytes",
        "it does not answer the acknowledgement of that FIN",
    )
    yield decides(
        answers & at_once & r.shape.linux_passive & r.habits.linux,
        "it answers frame {trigger_frame}, the bare ACK that first acknowledged the FIN, in Linux' own form",
        "the form is not that of Linux, which has this option",
    )
    yield supports(
        answers,
        "frame {trigger_frame} first acknowledged the FIN and brought nothing else, which every closing socket takes",
        "the reset was not an answer to the acknowledgement of the FIN",
    )
    yield doubts(Fact.of(r.progress.sender_unacked > 0), "the {sender}'s bytes were not all acknowledged")
    yield excludes(
        r.progress.sender_reset_before | r.progress.peer_reset_before, "the connection had been reset before"
    )


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """TCP_LINGER2 below 0: __tcp_close resets in FIN_WAIT2 (net/ipv4/tcp.c), tcp_rcv_state_process when the FIN of a
    closed socket is acknowledged (net/ipv4/tcp_input.c)."""
    k = r.kernel
    assert k is not None
    negative = k.numbers(lambda n: n.linger2 < 0)
    yield proves(
        k.active & k.reason("TCP_ABORT_ON_LINGER"), "{kernel_task} closed it in FIN_WAIT2 with TCP_LINGER2 below 0"
    )
    yield proves(
        k.passive & k.reason("TCP_ABORT_ON_DATA") & negative & ~r.trigger.has_payload,
        "the closed socket had TCP_LINGER2 below 0, so the acknowledgement of its FIN ended it",
    )
    yield excludes(
        k.active & k.way_known & ~k.reason("TCP_ABORT_ON_LINGER"), "the kernel gives another reason: {kernel_reason}"
    )
    yield excludes(k.passive & ~negative & k.reason("TCP_ABORT_ON_DATA"), "the socket had no TCP_LINGER2 below 0")
    yield excludes(k.reason("NO_SOCKET", "TCP_TIMEWAIT_SOCKET"), "the kernel gives another reason: {kernel_reason}")
