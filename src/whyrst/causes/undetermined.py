"""The evidence does not decide.

## What happened
whyrst read the reset, asked every cause it knows, and none of them is well enough supported to be named. That is an
answer, not a failure: a wrong cause would cost more time than an open question. It happens when a capture holds only
one direction, starts in the middle of the connection, lost packets, or cut them before the TCP header ends, and when
several causes look the same on the wire and nothing else speaks for one of them.

## How to be sure
The verdict lists the causes that remain and, for each, the fact that the capture does not show. Work through what is
missing, the cheapest first:

- Capture again so that the handshake and both directions are in the file: `tcpdump -i IFACE -s 0 -w out.pcap host A and
  host B`, started before the connection is opened.
- Capture at both ends at the same time, and compare the two captures. A reset that one end got and the other never
  sent was made in between.
- On a Linux host that sent the reset, run `sudo whyrst trace` while it happens. The kernel then tells its
  reason, its stack and the process. Where nothing may be installed, `whyrst trace --bpftrace` prints a script.
- Without any of that, take `nstat -az` on that host before and after a reset. The counter that rises names the group
  of causes: TCPAbortOnClose, TCPAbortOnData, TCPAbortOnTimeout, TCPAbortOnMemory, ListenOverflows.

## Easily confused with
Nothing: it stands for all causes together, and the alternatives of the verdict are the ones to look at.

## Fix
There is nothing to fix before the cause is known. Take the step that the verdict names under "to be sure".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="undetermined",
    title="The evidence does not decide",
    type="active|passive|firewall|forged",
    fix="First find the cause: take the step named under 'to be sure'.",
    to_be_sure=(
        "Capture both directions from before the handshake on (`tcpdump -s 0 -w out.pcap host A and host B`),"
        " at both ends if possible, and `whyrst compare` them, or run `sudo whyrst trace` on the host that "
        "sent the reset."
    ),
    rfc=("RFC 9293 section 3.5.2", "RFC 9293 section 3.5.3"),
    kernel=("net/ipv4/tcp_ipv4.c: tcp_v4_send_reset", "net/ipv4/tcp_output.c: tcp_send_active_reset"),
    counter="OutRsts",
    reasons=("NOT_SPECIFIED",),
    no_lab="it stands for the lack of evidence, not for something that happens",
)


def judge(r: Resets) -> Iterator[Sign]:  # noqa: ARG001 - every cause's judge takes the batch
    """Nothing: the other causes are weighed against a fixed score for it (verdicts.weigh.BASELINE)."""
    yield from ()
