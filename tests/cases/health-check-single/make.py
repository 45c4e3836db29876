from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__, "server")
balancer, server = Host("192.0.2.20", hops=1), Host("198.51.100.7")
talk = case.conversation(balancer, server, 40100, 8080, rtt=0.0005)
talk.client.syn()
talk.server.syn_ack()
others = ["health-check", "application-abort", "linger-zero"]
case.expect(talk.client.abort(), "undetermined", "active", accept=others, sure=None)
case.write()
