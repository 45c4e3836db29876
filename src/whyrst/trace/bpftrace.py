"""A bpftrace script that tells of the resets of one kernel, for hosts where nothing may be installed.

Names of reasons and the forms of tracepoints and functions differ between kernels, so the script is made for one: the
running one. It tells what the kernel says, not why: the verdict needs whyrst.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whyrst.kernel.btf import RESET_PREFIX
from whyrst.kernel.probes.send_reset import FUNCTIONS, WITH_REASON
from whyrst.kernel.wire import STATES

if TYPE_CHECKING:
    from whyrst.kernel.btf import Btf

LINES = 200
"""Lines that the script prints in a second."""
FRAMES = 8
PASSIVE = ("tcp_v4_send_reset", "tcp_v6_send_reset")
LISTEN, TIME_WAIT, CLOSE, NEW_SYN_RECV = (STATES.index(s) for s in ("LISTEN", "TIME_WAIT", "CLOSE", "NEW_SYN_RECV"))

HEAD = """\
#!/usr/bin/env bpftrace
// TCP resets of this host, as Linux {release} tells of them. Run as root: bpftrace FILE
// At most {lines} lines a second are printed; all resets are counted, and the counts shown at the end.
"""
WITHOUT_REASON = """\
// This kernel gives no reasons (they came with Linux 6.10): the functions on the stack tell why.
"""

TABLES = """
BEGIN {{
{reasons}{states}    printf("%-15s %-8s %-12s %-24s %s\\n", "TIME", "RESET", "STATE", "REASON", "LOCAL > REMOTE");
}}

interval:s:1 {{ clear(@lines); }}
"""

BEFORE = """
// A socket is closed before its reset is sent: keep the state that it had.
tracepoint:sock:inet_sock_set_state
/args->newstate == {close} && args->protocol == 6/ {{ @before[(uint64)args->skaddr] = (uint64)args->oldstate; }}
tracepoint:tcp:tcp_destroy_sock {{ delete(@before[(uint64)args->skaddr]); }}
"""

START = """\
    $sk = (struct sock *){socket};
    $inet = (struct inet_sock *){socket};
    $tp = (struct tcp_sock *){socket};
    $skb = (struct sk_buff *){segment};
    $state = (uint64)0;
    if ({socket} != 0) {{
        $state = (uint64)$sk->__sk_common.skc_state;
        if ($state == {close} && @before[(uint64){socket}] != 0) {{ $state = @before[(uint64){socket}]; }}
    }}
"""

ACTIVE = """\
        // The socket aborted itself: the current process, if any, asked for it.
        if ($sk->__sk_common.skc_family == 2) {{
            printf("%s:%d > ", ntop($sk->__sk_common.skc_rcv_saddr), bswap($inet->inet_sport));
            printf("%s:%d", ntop($sk->__sk_common.skc_daddr), bswap($sk->__sk_common.skc_dport));
        }} else {{
            printf("[%s]:%d > ", ntop($sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8), bswap($inet->inet_sport));
            printf("[%s]:%d", ntop($sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8), bswap($sk->__sk_common.skc_dport));
        }}
        printf("\\n    by %s[%d], unread %u, unacked %u, unsent %u%s\\n", comm, pid,
            (uint32)($tp->rcv_nxt - $tp->copied_seq), (uint32)($tp->snd_nxt - $tp->snd_una),
            (uint32)($tp->write_seq - $tp->snd_nxt), kstack({frames}));
"""

ANSWER = """\
        // A segment asked for it: `current` is whoever was interrupted, so it is not shown.
        $ip = (struct iphdr *)($skb->head + $skb->network_header);
        if ($ip->version == 4) {{
            printf("%s:%d > ", ntop($ip->daddr), bswap($tcp->dest));
            printf("%s:%d", ntop($ip->saddr), bswap($tcp->source));
        }} else {{
            $ip6 = (struct ipv6hdr *)$ip;
            printf("[%s]:%d > ", ntop($ip6->daddr.in6_u.u6_addr8), bswap($tcp->dest));
            printf("[%s]:%d", ntop($ip6->saddr.in6_u.u6_addr8), bswap($tcp->source));
        }}
        printf("\\n    asked for by a segment with SYN %d ACK %d FIN %d PSH %d\\n",
            $tcp->syn, $tcp->ack, $tcp->fin, $tcp->psh);
"""

HEADER = """\
    $tcp = (struct tcphdr *)($skb->head + $skb->transport_header);
"""

NO_ANSWER = """\
    if ($tcp->rst) {{ return; }} // a reset is never answered
"""

LINE = """\
        time("%H:%M:%S        ");
        printf("%-8s %-12s %-24s ", "{what}", @state[$state], {reason});
"""

TAKEN = """
// A socket took a reset that came.
tracepoint:tcp:tcp_receive_reset {{
    $sk = (struct sock *)args->skaddr;
    $inet = (struct inet_sock *)args->skaddr;
    $state = (uint64)$sk->__sk_common.skc_state;
    @taken[@state[$state]] = count();
    @lines++;
    if (@lines <= {lines}) {{
        time("%H:%M:%S        ");
        printf("%-8s %-12s %-24s ", "taken", @state[$state], "-");
        if ($sk->__sk_common.skc_family == 2) {{
            printf("%s:%d < ", ntop($sk->__sk_common.skc_rcv_saddr), bswap($inet->inet_sport));
            printf("%s:%d\\n", ntop($sk->__sk_common.skc_daddr), bswap($sk->__sk_common.skc_dport));
        }} else {{
            printf("[%s]:%d < ", ntop($sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8), bswap($inet->inet_sport));
            printf("[%s]:%d\\n", ntop($sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8), bswap($sk->__sk_common.skc_dport));
        }}
    }}
}}
"""

END = """
END { clear(@state); clear(@lines); clear(@before);%s }
"""


def script(btf: Btf) -> str:
    """The script for the running kernel.

    Args:
        btf: of that kernel.
    """
    reasons = btf.enum("sk_rst_reason")
    told = btf.tracepoint("tcp_send_reset") == WITH_REASON
    names = {number: name.removeprefix(RESET_PREFIX) for number, name in reasons.items()} if told else {}
    parts = [HEAD.format(release=os.uname().release, lines=LINES)]
    if not told:
        parts.append(WITHOUT_REASON)
    parts.append(
        TABLES.format(reasons=_names("reason", names), states=_names("state", dict(enumerate(("-", *STATES[1:])))))
    )
    if btf.tracepoint("inet_sock_set_state") is not None and btf.tracepoint("tcp_destroy_sock") is not None:
        parts.append(BEFORE.format(close=CLOSE))
    parts += _with_reason() if told else _functions(btf)
    if btf.tracepoint("tcp_receive_reset") is not None:
        parts.append(TAKEN.format(lines=LINES))
    parts.append(END % (" clear(@reason);" if told else ""))
    return "".join(parts)


def _with_reason() -> list[str]:
    """Linux 6.10 and later: one tracepoint for all."""
    reason = "@reason[(uint64)args->reason]"
    return [
        "\n// The TCP stack sends a reset: the socket or none, the segment that asked for it or none, the reason.\n",
        "tracepoint:tcp:tcp_send_reset {\n",
        START.format(socket="args->skaddr", segment="args->skbaddr", close=CLOSE), HEADER,
        f"    @sent[{reason}, @state[$state]] = count();\n",
        f"    @lines++;\n    if (@lines <= {LINES}) {{\n",
        "    if (args->skbaddr == 0) {\n",
        LINE.format(what="abort", reason=reason), ACTIVE.format(frames=FRAMES),
        "    } else {\n",
        LINE.format(what="answer", reason=reason), ANSWER.format(),
        "    }\n    }\n}\n",
    ]  # fmt: skip


def _functions(btf: Btf) -> list[str]:
    """Before 6.10: the functions that send resets."""
    parts = []
    for function in FUNCTIONS:
        if btf.parameters(function) is None:
            parts.append(f"\n// This kernel has no function {function}.\n")
            continue
        answers = function in PASSIVE
        what = "answer" if answers else "abort"
        parts += [
            f"\nkprobe:{function} {{\n",
            START.format(socket="arg0", segment="arg1" if answers else "0", close=CLOSE),
            HEADER + NO_ANSWER.format() if answers else "",
            f'    @sent["{what}", @state[$state]] = count();\n',
            f"    @lines++;\n    if (@lines <= {LINES}) {{\n",
            LINE.format(what=what, reason='"-"'),
            ANSWER.format() if answers else ACTIVE.format(frames=FRAMES),
            "    }\n}\n",
        ]
    return parts


def _names(table: str, names: dict[int, str]) -> str:
    return "".join(f'    @{table}[{number}] = "{name}";\n' for number, name in names.items())
