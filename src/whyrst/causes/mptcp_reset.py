"""An end of a Multipath TCP connection reset a subflow, and declares why.

## What happened
Multipath TCP runs one connection over several subflows. An end that does not want a subflow resets it with the option
MP_TCPRST, which carries a reason: no such connection, lack of resources, too much outstanding data, bad performance, a
middlebox that interferes. An end that aborts the whole connection sends MP_FASTCLOSE. The application may not notice
the loss of a single subflow at all.

## How to be sure
- The reset carries MPTCP option kind 30 with MP_TCPRST or MP_FASTCLOSE; the evidence names the reason.
- On both ends `nstat -az 'MPTcpExt*'` counts them: MPRstTx, MPRstRx, MPFastcloseTx, MPFastcloseRx.
- `ss -Mi` lists the MPTCP connections, `ip mptcp monitor` shows subflows as they come and go.

## Easily confused with
Nothing: no other reset carries these options.

## Fix
Follow the reason. Code 1 after a join: the token or its HMAC was wrong, mostly because the connection had ended, or a
load balancer sent the subflow to another server. Code 3: `ip mptcp limits` allows no more subflows. Code 5: normal, a
better path exists. Code 6: a middlebox changes options or payload on that path. MP_FASTCLOSE: the program aborted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, needed, proves, supports
from whyrst.fast.layout import Opt
from whyrst.fast.tables import Dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="mptcp-reset",
    title="An MPTCP subflow was reset for a declared reason",
    type="active|passive",
    fix="Follow the declared reason: join token or limits, resources, performance, or a middlebox on that path.",
    to_be_sure="`nstat -az 'MPTcpExt*'` and `ip mptcp monitor` on the end that sent it.",
    rfc=("RFC 8684 section 3.6", "RFC 8684 section 3.5"),
    kernel=(
        "net/mptcp/subflow.c: mptcp_subflow_reset -> mptcp_send_active_reset_reason",
        "net/mptcp/subflow.c: subflow_v4_route_req, subflow_syn_recv_sock (join refused)",
        "net/mptcp/protocol.c: mptcp_do_fastclose",
    ),
    counter="MPTcpExtMPRstTx",
    reasons=(
        "MPTCP_RST_EUNSPEC",
        "MPTCP_RST_EMPTCP",
        "MPTCP_RST_ERESOURCE",
        "MPTCP_RST_EPROHIBIT",
        "MPTCP_RST_EWQ2BIG",
        "MPTCP_RST_EBADPERF",
        "MPTCP_RST_EMIDDLEBOX",
    ),
    look_alikes=(),
    lab="mptcp_reset",
)


def judge(r: Resets) -> Iterator[Sign]:
    """The option says it; nobody knows better than the sender."""
    declared = r.declared.mptcp_reason | r.declared.mptcp_fastclose
    negotiated = ((r.client(Dir.SYN_OPTIONS) & Opt.MPTCP) != 0) & (r.client(Dir.SYN_OPTIONS) >= 0)
    yield needed(declared, "the reset carries MP_TCPRST or MP_FASTCLOSE", "the reset carries no reason of MPTCP")
    yield decides(declared, "it declares: {told}", "it declares nothing")
    yield decides(
        declared & r.declared.mptcp_reason,
        "the reason has its own option, which no other reset carries",
        "there is no MP_TCPRST option",
    )
    yield supports(negotiated, "the client had asked for MPTCP in its SYN", "no SYN with MPTCP is in the capture")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """The reasons MPTCP_RST_*, and MPTCP's own abort of all subflows (net/mptcp/protocol.c, mptcp_do_fastclose)."""
    k = r.kernel
    assert k is not None
    yield proves(k.reason(*CAUSE.reasons), "the kernel's reason is {kernel_reason}")
    yield proves(
        k.through("mptcp_do_fastclose", "mptcp_subflow_reset", "mptcp_check_fastclose"),
        "MPTCP itself ended the subflow: {kernel_task} closed or lost the MPTCP connection",
    )
