"""Both sides had finished, and the reset only cleared the table.

## What happened
Everything that was sent had arrived and was acknowledged, and the peer had closed, or both had. Then a socket ended by
`RST, ACK` where a FIN, or nothing, would have been usual. Windows does this as a habit: WinINet clients, Active
Directory, SMB and IIS answer the peer's FIN with a reset. Some balancers do it to free their tables at once. Nothing is
lost, but statistics count a reset.

## How to be sure
- The peer's FIN was seen, or both, and no byte of either side was unacknowledged.
- The answer was complete: the server had spoken last before the first FIN.
- The application's log shows a successful exchange.

## Easily confused with
- `client-cancelled`: the answer was still arriving when the client closed.
- `tls-close-notify-after-close`: what was refused is TLS's goodbye.

## Fix
None is needed. Leave such resets out of alarms: count only those with harm. If they hide others in your statistics,
filter by cause: `whyrst analyze --json FILE | jq 'select(.cause != "benign-teardown")'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, hints, needed, refutes, shows, supports
from whyrst.fast.tables import Dir
from whyrst.resets.facts import Fact
from whyrst.resets.mechanism import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="benign-teardown",
    title="Both sides had finished; nothing was lost",
    type="active|passive",
    fix="None needed; leave such resets out of alarms.",
    to_be_sure="The application's log shows that the exchange succeeded.",
    rfc=("RFC 9293 section 3.6", "RFC 9293 section 3.10.5"),
    kernel=("net/ipv4/tcp.c: __tcp_close -> tcp_disconnect -> tcp_send_active_reset, CLOSE_WAIT",),
    counter="EstabResets",
    reasons=("TCP_STATE",),
    look_alikes=("client-cancelled", "tls-close-notify-after-close"),
    benign=True,
    lab="benign_teardown",
)


def judge(r: Resets) -> Iterator[Sign]:
    """An active reset after the peer's FIN, or after both, with nothing outstanding.

    Linux closes with a FIN when the peer has closed and all was read, so there a reset in CLOSE_WAIT means that
    something was unread or that a program wanted it; Windows and embedded systems make it out of habit.
    """
    progress = r.progress
    complete = progress.answered | (progress.peer_bytes == 0)
    yield needed(r.mechanism.among(ACTIVE), "a socket of the {sender} sent the reset")
    yield needed(progress.peer_fin, "the {peer} had closed in frame {peer_fin_frame}", "the {peer} had not closed")
    yield excludes(
        progress.peer_fin & ~progress.knew_peer_fin,
        "the reset does not acknowledge the FIN of frame {peer_fin_frame}: its sender had not heard of that yet",
    )
    yield needed(
        Fact.of(
            (progress.sender_unacked == 0) & (progress.peer_unacked == 0), ~progress.one_sided & ~progress.peer_silent
        ),
        "all that either side had sent was acknowledged",
        "bytes were still unacknowledged: {sender_unacked} of the {sender}, {peer_unacked} of the {peer}",
    )
    yield decides(
        progress.quiet_close,
        "both sides had closed, in frames {sender_fin_frame} and {peer_fin_frame}",
        "the {sender} had not closed before",
    )
    yield supports(
        (r.habits.windows | ~r.habits.linux) & ~progress.sender_fin,
        "the {sender} does not seem to run Linux, and other systems often answer a FIN with a reset",
        "the {sender} seems to run Linux, or had closed itself",
    )
    yield supports(complete, "the latest request had been answered", "the latest request had no answer")
    yield hints(r.peer(Dir.DATA_TIME) < r.peer(Dir.FIN_TIME), "no payload of the {peer} came after its FIN")
    yield refutes(
        r.habits.linux & ~progress.sender_fin,
        "the {sender} seems to run Linux, which closes with a FIN when nothing is unread",
        "the {sender} does not seem to run Linux",
    )
    yield doubts(progress.sender_reset_before, "the {sender} had reset the connection before")
    yield excludes(r.stalls.window_jumps.yes, "its window tells that bytes were thrown away unread")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """The peer had closed, and the socket went with nothing unread, unsent or unacknowledged."""
    k = r.kernel
    assert k is not None
    nothing = (k.unread + k.unacked + k.unsent) == 0
    done = k.active & k.by_close & k.state("CLOSE_WAIT", "LAST_ACK", "CLOSING") & nothing & r.progress.answered
    yield shows(
        done, "{kernel_task} closed it after the other end had closed, with all that had come read and acknowledged"
    )
    yield shows(done, "nothing was lost")
    yield excludes(k.active & ~nothing, "bytes went with the socket: {kernel_losses}")
    yield excludes(
        k.active & (~k.by_close & k.way_known | k.killed),
        "no program closed it: {kernel_reason}",
        "a program closed it",
    )
