from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads
from whyrst.lab.wire import options as opt

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80)
key = bytes(range(1, 9))
for step, option in ((talk.client.syn, b""), (talk.server.syn_ack, key), (talk.client.ack, key + key[::-1])):
    step()
    talk.segments[-1].options += opt.mptcp_capable(option)
talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.003)
talk.wait(1.3)
aborts = ["linger-zero", "close-with-unread-data", "admin-kill", "socket-disconnect", "process-crash"]
case.expect(talk.server.abort(), "application-abort", "active", accept=aborts, sure="possible")
case.write()
