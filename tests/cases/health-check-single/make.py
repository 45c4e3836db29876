from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__, "server")
talk = case.conversation(Host("192.0.2.20", hops=1), Host("198.51.100.7"), 40100, 8080, rtt=0.0005)
talk.client.syn()
talk.server.syn_ack()
case.expect(
    talk.client.abort(), "undetermined", "active", accept=["health-check", "application-abort", "linger-zero"], sure=None
)
case.write()
