"""The receiver stopped reading, and the sender gave up.

## What happened
One end stopped reading. Its receive buffer filled up, and it announced a window of 0. The other end asked again and
again with window probes, got the answer that the window is still closed, and at last ended the connection with a
reset: its program had a timeout for writing, or a proxy or load balancer limits how long a window may stay closed.

## How to be sure
- The end that got the reset had announced window 0 before, and never opened it again.
- Window probes were answered, so both the path and the peer's TCP were alive; only its program did not read.
- The reset comes from the end that had data to send. It often comes a round time after the window closed.
- On the reader, `ss -tmi` shows a full Recv-Q, and a stack dump of the program shows what it waits for.

## Easily confused with
- `close-with-unread-data`: there it is the end with the full buffer that sends the reset, because its program closed
  without reading.

## Fix
Make the reader read: more consumers, no blocking work in the reading thread, flow control in the protocol. Raise the
writer's or proxy's timeout only where such pauses are normal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, refutes, shows, supports
from whyrst.fast.tables import Dir
from whyrst.resets.facts import SECOND
from whyrst.resets.mechanism import ACTIVE, FIREWALL, FORGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="zero-window-giveup",
    title="The receiver stopped reading, and the sender gave up",
    type="active|firewall",
    fix="Make the receiving program read; raise the sender's write timeout only where such pauses are normal.",
    to_be_sure="On the receiver: `ss -tmi` (a full Recv-Q) and a stack dump of the program; on a proxy: its log.",
    rfc=("RFC 9293 section 3.8.6.1",),
    kernel=("net/ipv4/tcp_timer.c: tcp_probe_timer -> tcp_write_err, probes_out >= max_probes (orphans are reset)",),
    counter="TCPAbortOnTimeout",
    reasons=("TCP_STATE", "TCP_ABORT_ON_MEMORY"),
    look_alikes=("close-with-unread-data",),
    lab="zero_window",
)

PATIENCE = 5 * SECOND
"""Shorter pauses of a reader are ordinary; hardly any program or device gives up earlier."""
ANSWERS = 2
"""Answered probes that show a living path and a reader that stays away."""


def judge(r: Resets) -> Iterator[Sign]:
    """The peer's window was closed when the reset came, and had stayed closed under probing."""
    stalls = r.stalls
    shut = stalls.peer_window_shut
    yield needed(
        shut,
        "the {peer} had closed its window in frame {peer_zero_frame} and not opened it again",
        "the {peer}'s window was open",
    )
    yield needed(
        r.mechanism.among(ACTIVE, FIREWALL, FORGED),
        "the reset was sent on purpose, not as an answer to a stray segment",
    )
    yield needed(
        stalls.peer_window_shut_for >= PATIENCE,
        "the window had been closed for {peer_shut}",
        "the window had been closed for {peer_shut} only",
    )
    yield decides(
        shut & (r.peer(Dir.ZERO_ACKS) >= ANSWERS),
        "the {peer} repeated its closed window {zero_acks} times, as answers to probes",
        "no answered window probe shows that the {peer} was still there",
    )
    yield supports(
        r.silences.is_exact(stalls.peer_window_shut_for),
        "{peer_shut} is a time that people configure",
    )
    yield hints(r.progress.sender_bytes > r.progress.peer_bytes, "the {sender} was the one with data to send")
    yield refutes(stalls.sender_window_shut, "the {sender}'s own window was closed, too")
    yield refutes(r.progress.peer_fin, "the {peer} had closed in frame {peer_fin_frame}")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """The socket had bytes that the other end's closed window kept back, and had probed for long (tcp_probe_timer)."""
    k = r.kernel
    assert k is not None
    kept = k.active & k.numbers(lambda n: n.unsent > 0 and n.unacked == 0 and n.snd_wnd == 0)
    waited = k.numbers(lambda n: n.sent_ago is not None and n.sent_ago * SECOND >= PATIENCE)
    kept = kept & waited
    yield shows(kept, "{kernel_unsent} bytes could not be sent: the other end's window was closed")
    yield shows(kept & k.by_close, "{kernel_task} gave up")
    yield excludes(
        k.active & k.numbers(lambda n: n.unsent == 0),
        "nothing waited for the other end's window",
        "bytes waited for the other end's window",
    )
    yield excludes(k.passive, "it answers a stray segment")
