"""The same segment was sent again and again until its sender gave up.

## What happened
A segment, or the acknowledgements for it, did not get through. Its sender repeated it with waits that double, and
after its last attempt it gave the connection up. Windows, macOS and BSD send a reset at that moment. Linux drops the
connection without a word, and resets only what the peer sends later.

## How to be sure
- One segment is repeated, each wait about twice as long as the one before, and no acknowledgement of it comes back.
- Windows repeats 5 times and resets about 20 s after the first sending, BSD and macOS 12 times within minutes; Linux
  gives up after 15 repeats, some 15 minutes (`net.ipv4.tcp_retries2`).
- From Linux the reset answers a segment that comes later and is passive.
- On the sender `nstat TcpExtTCPAbortOnTimeout` rises, and the program gets ETIMEDOUT. A capture at the other end shows
  whether the segments arrive there, and so which direction loses.

## Easily confused with
- `mtu-blackhole`: only large segments vanish, small ones get through all the time.
- `user-timeout`: the program has set TCP_USER_TIMEOUT, so the sender gives up much earlier.

## Fix
Find where the segments are lost: a route or interface that went down, a firewall that drops in mid-connection, a peer
that is gone. Captures at both ends at once, or `mtr --tcp`, narrow it down. More repeats only hide it longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, needed, proves, refutes, shows, supports
from whyrst.resets.facts import SECOND, Fact
from whyrst.resets.mechanism import ACTIVE, PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="retransmission-timeout",
    title="A segment was repeated until its sender gave up",
    type="active|passive",
    fix="Find where the repeated segment is lost (captures at both ends at once, `mtr --tcp`), and mend the path.",
    to_be_sure="On the sender: `nstat -az TcpExtTCPAbortOnTimeout`; a capture at the other end: does it arrive?",
    rfc=("RFC 9293 section 3.8.3", "RFC 6298 section 5.5"),
    kernel=("net/ipv4/tcp_timer.c: tcp_write_timeout -> tcp_write_err, retransmits_timed_out (sends no reset)",),
    counter="TCPAbortOnTimeout",
    reasons=("NO_SOCKET", "TCP_FLAGS"),
    look_alikes=("mtu-blackhole", "user-timeout"),
    lab="retransmission_giveup",
)

LADDER = 3
"""Repeats from which a ladder of doubling waits can be told."""
SYSTEM = 100 * SECOND
"""A system's own limit is at least this long where it gives up silently (RFC 9293 section 3.8.3, R2)."""

LARGE = 1000
"""Bytes of a segment that a smaller link on the way may not pass."""


def judge(r: Resets) -> Iterator[Sign]:
    """A ladder of repeats, and the end of it: an active reset on its next rung, or silence and a passive reset.

    Linux sends nothing when it gives up (tcp_write_err), so an active reset of a Linux sender on a ladder is its
    program's doing.
    """
    stalls = r.stalls
    active, passive = r.mechanism.among(ACTIVE), r.mechanism.among(PASSIVE)
    late = stalls.sender_span >= SYSTEM
    yield needed(
        Fact.of((stalls.sender_repeats >= LADDER) & (r.progress.sender_unacked > 0), ~r.progress.one_sided),
        "the {sender} had sent the segment of frame {sender_repeat_frame} {sender_repeats} times again without an "
        "acknowledgement",
        "the {sender} was not repeating anything when it reset",
    )
    yield needed(
        active | (passive & stalls.sender_stopped & late),
        "it ended the connection itself, or answered a segment long after its last repeat",
    )
    yield needed(stalls.sender_backs_off, "the waits between the repeats grow as a retransmission timer's do")
    yield decides(
        (active & stalls.sender_next_rung) | (passive & stalls.sender_stopped & late),
        "the repeats had lasted {sender_span}, and the reset came {overdue} after the last one, at the ladder's end",
        "the reset, {overdue} after the last repeat, does not stand at the end of the ladder",
    )
    yield supports(~stalls.peer_spoke_meanwhile, "the {peer} said nothing during that time: nothing got through")
    yield refutes(active & r.habits.linux, "the {sender} runs Linux, which sends no reset when it gives up")
    yield refutes(
        stalls.sender_repeats_large & stalls.sender_large_acked.no & stalls.peer_spoke_meanwhile,
        "only a large segment is repeated, while the {peer} answers smaller ones",
        "nothing says that only large segments are lost",
    )
    yield excludes(
        r.progress.sender_reset_before | r.progress.peer_reset_before, "the connection had been reset before"
    )
    yield excludes(stalls.peer_window_shut, "the {peer}'s window was closed")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """tcp_write_err (net/ipv4/tcp_timer.c) ends a socket with ETIMEDOUT, or what ICMP said, and sends nothing; the
    peer's next segment finds no socket."""
    k = r.kernel
    assert k is not None
    gone = k.nobody & k.timed_out
    yield proves(
        gone & k.past(lambda p: p.user_timeout == 0 and p.repeats > 0 and p.repeat_length < LARGE),
        "the socket had given up with {kernel_error} after {kernel_repeats} repeats; {kernel_closed}",
    )
    yield shows(
        gone & k.past(lambda p: p.user_timeout == 0),
        "the socket had given up with {kernel_error} after {kernel_repeats} repeats; {kernel_closed}",
    )
    yield excludes(k.active & k.way_known, "a socket aborted itself for another reason: {kernel_reason}")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of both ends: what was repeated never arrived."""
    assert r.compared is not None
    yield supports(r.compared.own_dropped, "{compared_dropped}", "what it sent did arrive")
