"""The server process ended and did not come back.

## What happened
A process died: killed, out of memory, a crash, or stopped by an administrator. Its kernel closed all its sockets in the
same instant. A connection with unread bytes ended by `RST, ACK`, all others by FIN, and the listening socket
disappeared. Every attempt to connect afterwards is refused, because nothing listens on the port.

## How to be sure
- Several connections of one address and port end within milliseconds, some by FIN and some by reset.
- After that, new connections are refused, and in the rest of the capture none is accepted again.
- On the host, `journalctl -u SERVICE` or `systemctl status SERVICE` shows the exit and its signal;
  `dmesg | grep -i oom` shows a kill for lack of memory; `coredumpctl list` shows a crash.
- The kernel's stack of the resets has `do_exit`; `sudo whyrst trace` names the process and the signal.

## Easily confused with
- `server-restart`: the same beginning, but the service accepts connections again after a while.
- `close-with-unread-data`: one connection of a process that lives on.
- `listener-closed`: only connections that were never accepted are reset; those in use go on.
- `application-abort`: one reset alone, and nothing else of the service is seen.

## Fix
Find out why the process ended and mend that. Let a supervisor start it again (`Restart=on-failure` in systemd, a
restart policy in a container), run more than one instance behind a balancer, and let clients retry with backoff.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, needed, proves, shows, supports
from whyrst.fast.layout import Flag
from whyrst.resets.facts import MINUTE, Fact
from whyrst.resets.mechanism import ACTIVE, PASSIVE
from whyrst.resets.services import TOGETHER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="process-crash",
    title="The server process ended and did not come back",
    type="active|passive",
    fix="Find why the process ended; let a supervisor start it again; run more than one instance.",
    to_be_sure="On the server: `journalctl -u SERVICE`, `dmesg | grep -i oom`, `coredumpctl list` at that time.",
    rfc=("RFC 9293 section 3.6.1", "RFC 9293 section 3.10.7.1"),
    kernel=(
        "net/ipv4/tcp.c: do_exit -> __tcp_close -> tcp_send_active_reset, data_was_unread",
        "net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, no socket for the SYN",
    ),
    counter="TCPAbortOnClose",
    reasons=("TCP_ABORT_ON_CLOSE", "NO_SOCKET"),
    look_alikes=("server-restart", "close-with-unread-data", "listener-closed", "application-abort"),
    lab="process_killed_unread",
)

SERVED = 2
"""So many connections of the burst with bytes from the server show that more than a listener went away."""

LONGEST = 30 * MINUTE
"""What listened longer ago hardly explains a refusal."""


def judge(r: Resets) -> Iterator[Sign]:
    """A reset within a burst that ended the service, or a refusal after one; never accepted again.

    One connection that ends tells nothing about its process: at least `neighbours.BURST` must end together.
    """
    near = r.neighbours
    burst = near.since_burst >= 0
    within = burst & (near.since_burst <= TOGETHER) & ~r.progress.answers_connect
    refused = burst & r.progress.answers_connect
    yield needed(
        Fact.of(r.by_server, r.progress.handshake_seen | r.progress.answers_connect | r.by_client) & (within | refused),
        "{burst_size} connections of the service ended within 100 ms, {since_burst} before this reset",
        "no burst of endings of this service lies before it",
    )
    yield needed(
        (r.mechanism.among(ACTIVE) & within) | (r.mechanism.among(PASSIVE) & refused),
        "the server's own host sent the reset",
    )
    yield needed(
        ~near.accepts_after_burst,
        "the service accepted no connection in the {burst_quiet} that the capture goes on",
        "the service accepted connections again",
    )
    yield decides(
        Fact.of(near.refuses_after_burst) & ~near.accepts_after_burst,
        "none was accepted again for longer than a restart takes",
        "no connection was refused after the burst",
    )
    yield supports(
        near.refuses_after_burst,
        "connections were refused after the burst",
        "no connection was refused after the burst",
    )
    yield supports(near.served_in_burst >= SERVED, "{served_in_burst} of them had been served before")
    yield doubts((r.progress.sender_bytes == 0) & within, "this connection had not got a byte from the server")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """do_exit closes all sockets of a process (kernel/exit.c); a deadly signal is on record with it. The listening
    socket goes with the process, and later SYNs find none (NO_SOCKET)."""
    k = r.kernel
    assert k is not None
    refused = k.no_socket & k.asked_by(Flag.SYN, Flag.SYN | Flag.ACK | Flag.FIN)
    gone = (k.listener_gone >= 0) & (k.listener_gone < LONGEST)
    yield proves(k.active & k.killed, "{kernel_task} {kernel_ending}, and the kernel closed its sockets")
    yield shows(refused & gone & k.listener_killed, "nothing listens any more: {kernel_listener}")
    yield shows(refused & gone & k.listener_killed, "its process {kernel_listener_ending}")
    yield excludes(k.active & k.way_known & ~k.exiting, "the process of the socket lives on")
    yield excludes(
        refused & ~k.listener_killed,
        "no process that died by violence had listened: {kernel_listener}",
        "{kernel_listener}",
    )
