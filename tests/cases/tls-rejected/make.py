from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__, "server")
client, server = Host("192.0.2.10", hops=7), Host("198.51.100.7")
for number in range(2):
    talk = case.conversation(client, server, 40100 + 2 * number, 443, start=4.1 * number)
    talk.handshake()
    talk.exchange(payloads.client_hello("www.example.net"), payloads.server_hello())
    talk.client.send(payloads.tls_alert(2, 48))
    case.expect(talk.client.abort(), "tls-rejected", "active", accept=["linger-zero", "application-abort"])
case.write()
