"""The half-closed end waited for the other FIN, gave up, and then it came.

## What happened
One end had closed: its FIN was acknowledged, and it waited in FIN_WAIT_2 for the peer to close as well. The peer's
program did not close for a long time. A kernel does not keep a connection that no program owns for ever: Linux
forgets it after `net.ipv4.tcp_fin_timeout` (60 s), Windows resets it after 120 s. When the peer's FIN or data came at
last, there was no connection any more, and the answer was a reset.

## How to be sure
- The FIN of the reset's sender was acknowledged, and the peer did not send its own for a minute or so.
- The reset answers the peer's late FIN. A socket still in FIN_WAIT_2 would have taken it without a word.
- Or no segment came at all, and the reset is the stack's own at the end of its time (Windows: 120 s after the FIN was
  acknowledged).
- On the peer, `ss -tnp state close-wait` shows connections whose program has not closed. `sysctl
  net.ipv4.tcp_fin_timeout` shows the time on Linux.

## Easily confused with
- `idle-timeout`: nobody had closed, and a device on the path forgot the connection.
- `connection-gone`: the connection had ended by a reset, or both ends had closed.
- `host-restart`: the host lost all its connections, not this one alone.

## Fix
Mend the program that does not close: it must close its socket when it reads the end of input. Sockets that pile up in
CLOSE_WAIT are the sign of it. Raising `tcp_fin_timeout` only hides the leak.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, needed, proves, refutes, supports
from whyrst.fast.tables import Dir
from whyrst.resets.facts import MINUTE, SECOND, Fact
from whyrst.resets.mechanism import ACTIVE, PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="fin-wait2-expired",
    title="The half-closed end gave up waiting for the other FIN",
    type="passive|active",
    fix="Let the peer's program close its socket when it reads the end of input (CLOSE_WAIT leak).",
    to_be_sure="On the peer: `ss -tnp state close-wait`. On the reset's sender: `sysctl net.ipv4.tcp_fin_timeout`.",
    rfc=("RFC 9293 section 3.10.7.1", "RFC 1122 section 4.2.2.20"),
    kernel=(
        "net/ipv4/tcp_minisocks.c: tcp_time_wait -> inet_twsk_schedule, FIN_WAIT2 for tcp_fin_timeout",
        "net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, no socket for the late FIN",
    ),
    counter="OutRsts",
    reasons=("NO_SOCKET", "TCP_FLAGS", "TCP_STATE"),
    look_alikes=("idle-timeout", "connection-gone", "host-restart"),
    lab="fin_after_close_expired",
)

SHORTEST = 1.5 * SECOND
"""Linux waits at least 3.5 retransmission timeouts (tcp_fin_time), and rarely is a second configured."""
TIMER = 20 * SECOND
"""A stack's own reset at the end of the wait; a program that aborts a half-closed socket does so sooner."""
USUAL = 0.98 * MINUTE
"""The time that Linux waits by default; no common system waits for less."""


def judge(r: Resets) -> Iterator[Sign]:
    """A late FIN that found nobody, or the stack's own reset at the end of FIN_WAIT_2.

    Data alone does not tell: a closed socket refuses it at any time (`data-after-close`). A lone FIN does, since
    every stack takes it as long as it remembers the connection.
    """
    trigger, progress, waited = r.trigger, r.progress, r.silences.since_sender_fin
    lone_fin = trigger.fact(~trigger.stray_payload) & ~trigger.first_ack_of_fin
    late = r.mechanism.among(PASSIVE) & trigger.fact(trigger.is_fin | trigger.has_payload | trigger.probe)
    quiet = (r.silences.before >= TIMER) & (r.peer(Dir.DATA_TIME) < r.sender(Dir.FIN_TIME)) & ~progress.peer_fin
    own = r.mechanism.among(ACTIVE) & quiet
    closed_before = progress.peer_fin & ~(trigger.is_fin & (r.peer(Dir.FIN_TIME) >= trigger.time))
    yield needed(
        progress.sender_fin & progress.sender_fin_acked,
        "the {sender}'s FIN in frame {sender_fin_frame} was acknowledged, and it waited for the {peer}'s",
        "the {sender} was not waiting for the {peer}'s FIN",
    )
    yield needed(~closed_before, "the {peer} had not closed before", "the {peer} had closed in frame {peer_fin_frame}")
    yield needed(
        waited >= SHORTEST, "it had waited for {since_sender_fin}", "it had waited for {since_sender_fin} only"
    )
    yield needed(
        late | own,
        "then the reset came, to the {peer}'s late segment or at the end of the wait",
        "the reset does not belong to the end of that wait",
    )
    yield decides(
        (lone_fin & late & (waited >= USUAL)) | (own & (r.silences.network_constant(waited) >= 0)),
        "{since_sender_fin} after its own FIN, a host has forgotten a half-closed connection (60 s on Linux, 120 s on "
        "Windows)",
        "the wait of {since_sender_fin} is not a usual one",
    )
    yield supports(
        lone_fin | own, "no data was refused: a FIN or a probe is taken by any socket that exists", "data was refused"
    )
    yield supports(
        lone_fin & late & r.shape.linux_passive & r.habits.linux,
        "the {sender} seems to run Linux, which takes a late FIN as long as it remembers the connection",
        "the {sender} does not seem to run Linux",
    )
    yield supports(waited >= USUAL, "the wait was longer than tcp_fin_timeout's default")
    yield refutes(
        Fact.of((r.peer(Dir.DATA_TIME) > r.sender(Dir.FIN_TIME)) & ~trigger.has_payload),
        "the {peer} had gone on sending after that FIN and was heard",
        "the {peer} sent nothing in between",
    )
    yield excludes(progress.sender_reset_before | progress.peer_reset_before, "the connection had been reset before")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A socket that was closed and waits for the peer's FIN lives on as a small one in FIN_WAIT2, for tcp_fin_timeout
    (net/ipv4/tcp_minisocks.c, tcp_time_wait). When no socket is found any more, that time is over. tcp_keepalive_timer
    resets where there was no room for a small one."""
    k = r.kernel
    assert k is not None
    expired = k.nobody & k.past(lambda p: p.before == "FIN_WAIT2" and p.reset is None)
    timer = k.active & k.reason("TCP_STATE") & k.through("tcp_keepalive_timer")
    yield proves(
        expired & (k.closed_for >= SHORTEST), "{kernel_closed}, and then its wait for the other end's FIN was over"
    )
    yield proves(timer, "the kernel's timer ended its wait in FIN_WAIT2: the other end had not closed")
    yield excludes(k.active & ~timer, "the kernel gives another reason: {kernel_reason}")
    yield excludes(k.reason("TCP_TIMEWAIT_SOCKET", "TCP_ABORT_ON_DATA"), "a closed socket was still there")
