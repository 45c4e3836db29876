from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=13), 40100, 443, rtt=0.060)
talk.handshake()
talk.client.send(payloads.client_hello("www.example.org"))
talk.server.ack()
aborts = ["linger-zero", "close-with-unread-data", "admin-kill", "socket-disconnect", "process-crash"]
case.expect(talk.server.abort(), "application-abort", "active", accept=aborts, sure="possible")
case.write()
