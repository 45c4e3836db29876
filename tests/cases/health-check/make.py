from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__, "server")
balancer, server = Host("192.0.2.20", hops=1), Host("198.51.100.7")
for number in range(6):
    talk = case.conversation(balancer, server, 40100 + 6 * number, 8080, rtt=0.0005, start=5.0 * number)
    talk.client.syn()
    talk.server.syn_ack()
    case.expect(talk.client.abort(), "health-check", "active")
case.write()
