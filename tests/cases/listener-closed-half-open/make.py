from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
for number in range(3):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, start=0.11 * number)
    talk.handshake()
    case.expect(talk.server.abort(at=2.0 + 0.00007 * number), "listener-closed", "active")
late = case.conversation(client, server, 40200, 80, start=1.985)
late.client.syn()
late.server.syn_ack()
late.client.ack()
request = late.client.send(payloads.http_request("/a"))
case.expect(
    late.server.refuse(request, at=late.server.arrival(request) + 0.0001),
    "listener-closed",
    "passive",
    accept=["accept-queue-abort", "undetermined"],
    sure=None,
)
after = case.conversation(client, server, 40300, 80, start=3.0)
case.expect(
    after.server.refuse(after.client.syn()),
    "port-closed",
    "passive",
    accept=["process-crash", "server-restart", "firewall-reject", "undetermined"],
    sure=None,
)
case.write()
