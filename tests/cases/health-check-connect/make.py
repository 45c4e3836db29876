from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__, "server")
server = Host("198.51.100.7")
for which in range(2):
    balancer = Host(f"192.0.2.{20 + which}", hops=1)
    for number in range(5):
        talk = case.conversation(
            balancer, server, 40100 + 6 * number, 8080, rtt=0.0006, start=10 * number + 4.2 * which
        )
        talk.handshake()
        talk.wait(0.002)
        case.expect(talk.client.abort(), "health-check", "active")
case.write()
