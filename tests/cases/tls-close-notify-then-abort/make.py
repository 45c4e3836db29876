from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__, "server")
client, server = Host("192.0.2.10", hops=7), Host("198.51.100.7")
talk = case.conversation(client, server, 40100, 443)
talk.handshake()
talk.exchange(payloads.client_hello("www.example.net"), payloads.server_hello())
talk.exchange(payloads.tls_data(80), payloads.tls_data(900), think=0.004)
talk.client.send(payloads.tls_alert(1, 0))
aborts = ["linger-zero", "close-with-unread-data", "admin-kill", "socket-disconnect", "benign-teardown"]
case.expect(talk.client.abort(), "application-abort", "active", accept=aborts, sure="possible")
case.write()
