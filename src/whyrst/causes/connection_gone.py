"""One more segment came for a connection that had already ended.

## What happened
The connection was over: its host had reset it, or both ends had closed and everything was acknowledged. Then one more
segment of it arrived: data that had been in flight, the peer's FIN, a second FIN, a keep-alive probe, a late copy. The
host no longer knows the connection and answers as TCP must (RFC 9293 section 3.10.7.1), with a reset. The reset is an
echo; the cause to look for is the earlier ending.

## How to be sure
- An earlier frame of the same connection ended it: a reset of either side, or the second of two FINs.
- The sequence number of this reset is the acknowledgement number of the segment that it answers.
- There is one such reset for each segment that still comes.
- `whyrst show FILE --reset N` draws the ladder; the ending stands above.

## Easily confused with
- `data-after-close`: the host had sent its FIN only, and new data came for it.
- `fin-wait2-expired`: the host had waited for the peer's FIN for a full timeout before it forgot the connection.
- `tls-close-notify-after-close`: what came was TLS's goodbye, and this reset often follows that one.

## Fix
None for this reset. See the verdict of the reset or close that ended the connection first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, needed, shows, supports
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Dir
from whyrst.resets.facts import Fact
from whyrst.resets.mechanism import PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="connection-gone",
    title="One more segment came for a connection that had already ended",
    type="passive",
    fix="None for this reset: see the reset or close that ended the connection first.",
    to_be_sure="`whyrst show FILE --reset N` shows the ladder with the earlier ending.",
    rfc=("RFC 9293 section 3.10.7.1",),
    kernel=("net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, no socket for the segment",),
    counter="OutRsts",
    reasons=("NO_SOCKET", "TCP_FLAGS"),
    look_alikes=("data-after-close", "fin-wait2-expired", "tls-close-notify-after-close"),
    lab="forged_to_client",
)

RESET_ERRORS = frozenset({32, 104, 111})
"""EPIPE, ECONNRESET, ECONNREFUSED: what tcp_reset leaves in a socket."""
CLOSED_BY_BOTH = frozenset({"LAST_ACK", "CLOSING", "TIME_WAIT"})


def judge(r: Resets) -> Iterator[Sign]:
    """A stack's answer to a segment of a connection that the capture shows to have ended, and in which way.

    New data behind the sender's own FIN has a name of its own, also when it is not the first such segment.
    """
    trigger, progress = r.trigger, r.progress
    aborted = progress.sender_aborted_before
    echoed = progress.sender_reset_before & ~aborted
    over = progress.sender_fin & progress.peer_fin & progress.sender_fin_acked & progress.peer_fin_acked
    both_closed = over & (r.peer(Dir.FIN_TIME) < trigger.time)
    refused_payload = progress.sender_fin & trigger.stray_payload & ~both_closed & ~aborted
    only_fin = progress.midstream & (r.peer(Dir.PACKETS) == 1) & trigger.is_fin & progress.sender_silent
    yield needed(r.mechanism.among(PASSIVE), "the {sender}'s stack answered a segment that it had no use for")
    yield needed(
        trigger.fact((trigger.flags & Flag.SYN) == 0),
        "frame {trigger_frame}, which it answers, is no attempt to connect",
        "frame {trigger_frame} is an attempt to connect",
    )
    yield needed(
        Fact.of(
            progress.sender_reset_before | progress.peer_reset_before | both_closed | progress.sender_fin | only_fin,
            ~progress.sender_silent | ~progress.midstream | only_fin,
        ),
        "the connection had ended, or was ending, before",
        "nothing had ended the connection before",
    )
    yield decides(
        aborted | both_closed | (echoed & progress.sender_fin) | progress.peer_reset_before,
        "it was over: {ending}",
        "the capture shows no end that was complete",
    )
    yield supports(
        trigger.fact(trigger.is_fin | trigger.probe | trigger.repeated | trigger.is_bare_ack),
        "frame {trigger_frame} brought nothing new",
        "frame {trigger_frame} brought something new",
    )
    yield supports(echoed | only_fin, "the same host had answered in this way before, or it gets no more than a FIN")
    yield excludes(refused_payload, "new data came behind the {sender}'s FIN, which has a name of its own")
    yield excludes(
        trigger.first_ack_of_fin & trigger.is_bare_ack & ~progress.sender_reset_before & ~progress.peer_fin,
        "frame {trigger_frame} first acknowledged the {sender}'s FIN, which a closing host still expects",
    )


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """No socket was left (NO_SOCKET), or a listening one got it (TCP_FLAGS), and the recorder saw how the connection
    had ended: by a reset, or in order."""
    k = r.kernel
    assert k is not None
    late = k.nobody & k.asked_by(Flag.ACK, Flag.SYN | Flag.ACK)  # none without ACK belongs to a connection
    refused = k.past(lambda p: p.left is not None and p.reset_sent and p.reset is not None and p.reset >= p.left)
    reset = k.past(lambda p: p.ended is not None and (p.reset is not None or p.error in RESET_ERRORS))
    reset = (reset & ~(refused & r.trigger.has_payload)) | (r.progress.sender_reset_before & ~k.on_record)
    closed = k.past(lambda p: p.ended is not None and p.left is not None and p.before in CLOSED_BY_BOTH)
    shut = k.past(lambda p: p.ended is not None and p.left is not None and p.before == "FIN_WAIT1")
    yield shows(late & reset, "the connection had been reset {kernel_reset_before}")
    yield shows(late & closed, "it was over: {kernel_closed}")
    yield shows(late & shut & ~r.trigger.has_payload, "it was over: {kernel_closed}")
    yield excludes(k.active, "a socket aborted itself")
    yield excludes(k.nobody & k.timed_out, "nobody had ended it: the socket had given up with {kernel_error}")
