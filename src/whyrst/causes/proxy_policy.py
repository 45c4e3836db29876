"""A proxy or load balancer ended the connection by its own rules, and says so.

## What happened
A device that terminates or watches connections ended this one on purpose: a limit of time, size or number of requests,
a full queue, a service that went down, a forbidden request. Some devices write the reason into the reset: F5 BIG-IP as
text in the payload, Citrix ADC (NetScaler) as a code in the window field, others as a diagnostic payload.

## How to be sure
- The reset carries a declared reason; the evidence quotes it.
- For a code in the window field, the value is in Citrix' table (CTX200852) and does not continue the sender's windows.
- Or the reset comes after exactly 100, 1,000 or another configured number of answers.
- The log of the device has the same time and reason: on BIG-IP `tmsh modify sys db tm.rstcause.log value enable`.

## Easily confused with
- `linger-zero`: a program resets after each complete exchange; it declares nothing, and no number stands out.

## Fix
Follow the declared reason: raise the limit, bring the service up, allow the request, or let the client reconnect before
the limit. What the reason means stands in the manual of the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, needed, refutes, supports
from whyrst.fast.tables import Dir
from whyrst.resets.facts import one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="proxy-policy",
    title="A proxy or load balancer ended it by policy and says so",
    type="active|firewall",
    fix="Follow the declared reason in the device's manual: a limit, a service that is down, a forbidden request.",
    to_be_sure="The log of the proxy or load balancer for the time of the reset.",
    rfc=("RFC 9293 section 3.5.3", "RFC 3360"),
    kernel=("not from a Linux socket: the device wrote it",),
    look_alikes=("linger-zero",),
    lab="proxy_policy",
)

LIMITS = (100, 128, 200, 250, 256, 500, 512, 1000, 1024, 2000, 5000, 10000)
"""Numbers of requests that servers and proxies allow on one connection (Apache 100, nginx 1,000)."""


def judge(r: Resets) -> Iterator[Sign]:
    """A declared reason, or a round number of answers.

    A window with the value of a code may be chance, about once in a thousand resets; a text or a diagnostic payload
    cannot be.
    """
    told = r.declared.by_device
    counted = one_of(r.sender(Dir.ANSWERS), LIMITS) & r.shape.has_ack & ~r.progress.sender_fin
    yield needed(
        told | counted,
        "the reset tells its reason, or came after exactly as many answers as a limit allows",
        "the reset declares no reason, and no limit of requests was reached",
    )
    yield decides(told, "it declares: {told}", "it declares no reason")
    yield supports(r.declared.in_payload & told, "the reason stands in the payload, where nothing else can come from")
    yield supports(counted, "it came after exactly {answers} answers")
    yield supports(
        r.declared.netscaler & (~r.shape.has_options | (r.habits.ttl_start == 255)),  # noqa: PLR2004 - devices' TTL
        "the reset looks like an appliance's: no options or an initial TTL of 255",
    )
    yield refutes(r.declared.mptcp_reason, "the reason is one of MPTCP")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A declared reason in the packet counts, whoever wrote it; a socket that timers or an operator ended declares
    none."""
    k = r.kernel
    assert k is not None
    yield excludes(
        k.active & ~k.by_close & k.way_known, "no program closed it: {kernel_reason}", "a program may have closed it"
    )
