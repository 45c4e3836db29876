"""The client stopped waiting for the answer.

## What happened
The client had sent a request, or was in the middle of receiving an answer, and nothing more came. Its own timeout ran
out, and it ended the connection: by a reset, or by a FIN, after which its host resets the late answer. The server
may still have been working on the request.

## How to be sure
- The last thing said was the client's request, or the answer is visibly incomplete.
- The client ends the connection a round number of seconds after its request or after the last progress: 5, 30, 60 s.
  Timers fire a few milliseconds late, never early.
- Several connections of the client end after the same wait.
- The client's log says so: timed out, deadline exceeded, ReadTimeout, curl's error 28.

## Easily confused with
- `idle-timeout`: a device on the path ends connections that are silent; then nobody was waiting for an answer, and
  all clients show the same gap.
- `client-cancelled`: the client left, too, but the answer was arriving, or the wait was not a timer's.

## Fix
Find out why the server took so long: its own log, a slow query, a lock, a queue. Raise the client's timeout only when
the work takes that long by nature. Let the server notice that the client is gone, so that it does not go on in vain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, shows, supports
from whyrst.fast.tables import Dir
from whyrst.resets.facts import MS, SECOND, Fact
from whyrst.resets.mechanism import ACTIVE, PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column

CAUSE = Cause(
    id="application-timeout",
    title="The client stopped waiting for the answer",
    type="active|passive",
    fix="Find why the server took so long; raise the client's timeout only when the work takes that long by nature.",
    to_be_sure="The client's log and its configured timeouts; the server's log for the same request.",
    rfc=("RFC 9293 section 3.10.5", "RFC 9293 section 3.6.1"),
    kernel=("net/ipv4/tcp.c: __tcp_close -> tcp_send_active_reset, or tcp_disconnect (linger 0)",),
    counter="TCPAbortOnData",
    reasons=("TCP_STATE", "TCP_ABORT_ON_CLOSE", "NO_SOCKET"),
    look_alikes=("idle-timeout", "client-cancelled"),
    lab="application_timeout",
)

SHORTEST = SECOND // 2
"""Hardly anybody configures a shorter timeout, and shorter waits are round by chance."""

TICK = 4 * MS
"""The kernel notes the times of data in ticks; at 250 a second a wait may seem so much longer."""


def waited(r: Resets) -> Column:
    """How long the client had waited in vain, nanoseconds; 0 when it was not waiting.

    Since its request, when that is unanswered; since the last progress, when the answer has a gap; up to its FIN,
    when it closed before the reset.
    """
    missing = (r.peer(Dir.HOLES) > 0) | (r.stalls.peer_repeats > 0) | (r.progress.peer_unacked > 0)
    asked = ~r.progress.answered & (r.progress.sender_bytes > 0)
    open_ = r.by_client & ~r.progress.sender_fin & ~r.progress.peer_fin
    return np.select(
        [r.by_client & r.progress.sender_fin, open_ & asked, open_ & missing],
        [r.silences.fin_patience, r.silences.turn, r.silences.stalled],
        0,
    )


def judge(r: Resets) -> Iterator[Sign]:
    """The client ended the connection while it was owed an answer, after a wait that looks like a timer's."""
    wait = waited(r)
    ended = r.mechanism.among(ACTIVE) | (r.mechanism.among(PASSIVE) & r.progress.sender_fin)
    exact = r.silences.is_exact(wait) | r.silences.is_exact(r.silences.since_connect)
    yield needed(Fact.of(r.by_client, ~r.progress.midstream), "the client reset")
    yield needed(ended, "it ended the connection itself")
    yield needed(
        Fact.of(wait >= SHORTEST, ~r.progress.one_sided),
        "it was still waiting for an answer, or for the rest of one",
        "no answer was outstanding",
    )
    yield decides(exact, "it had waited for a round time, as exact as a timer", "its wait is not a configured time")
    yield supports(
        exact & (r.neighbours.client_resets_alike > 1),
        "{client_resets_alike} connections of this client ended after the same wait",
    )
    yield hints(r.silences.is_round(wait), "it had waited for a round time")
    yield excludes(r.stalls.sender_probes > 0, "its keep-alive probes had gone unanswered")
    yield excludes(r.stalls.peer_window_shut | r.stalls.sender_window_shut, "a window was closed")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A program closed the connection that it had opened, by itself, after a wait as exact as a timer's."""
    k = r.kernel
    assert k is not None
    wait, whole = np.maximum(waited(r), 0), r.silences.since_connect
    fits = [r.silences.is_exact(span - tick) & (span >= SHORTEST) for span in (wait, whole) for tick in (0, TICK)]
    exact = Fact(np.maximum.reduce([f.values for f in fits]))
    closed = (k.active & k.by_close & ~k.exiting) | k.reason("TCP_TIMEWAIT_SOCKET", "TCP_ABORT_ON_DATA")
    owed = ~r.progress.answered & (r.progress.sender_bytes > 0)
    own = closed & k.past(lambda p: not p.passive) & owed
    about = r.silences.is_round(wait) & (wait >= SHORTEST)
    yield shows(own & (exact | about), "{kernel_leaver} closed it by itself while an answer was due")
    yield shows(own & exact, "it had waited for exactly a configured time")
    yield excludes(
        k.active & (k.exiting | ~k.by_close & k.way_known),
        "no program closed it on its own account",
        "a program closed it",
    )
    yield excludes(k.past(lambda p: p.passive), "this host had accepted the connection, not asked for it")
