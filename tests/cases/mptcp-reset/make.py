from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads
from whyrst.lab.wire import options as opt

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
other = Host("192.0.2.130")
key = bytes(range(1, 9))


def capable(talk):
    """Open an MPTCP connection or subflow; the options stand behind the usual ones."""
    talk.client.syn()
    talk.segments[-1].options += opt.mptcp_capable()
    talk.server.syn_ack()
    talk.segments[-1].options += opt.mptcp_capable(key)
    talk.client.ack()
    talk.segments[-1].options += opt.mptcp_capable(key + key[::-1])


main = case.conversation(client, server, 40100, 80)
capable(main)
main.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.003)
join = case.conversation(other, server, 40200, 80, start=0.2)
syn = join.client.syn()
syn.options = syn.options + opt.mptcp_join(0x5EED5EED, 0x01020304)
refused = join.server.refuse(syn, options=opt.mptcp_reset(1))
case.expect(refused, "mptcp-reset", "passive")
slow = case.conversation(client, server, 40102, 80, start=0.4)
capable(slow)
slow.exchange(payloads.http_request("/b"), payloads.http_answer(300), think=0.003)
slow.wait(1)
reset = slow.server.abort()
reset.options += opt.mptcp_reset(5, transient=True)
case.expect(reset, "mptcp-reset", "active")
main.wait(2)
fast = main.client.abort()
fast.options += opt.mptcp_fastclose(key) + opt.mptcp_reset(0)
case.expect(fast, "mptcp-reset", "active")
case.write()
