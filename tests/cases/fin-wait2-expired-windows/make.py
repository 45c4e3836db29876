from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10", os="windows"), Host("198.51.100.7", hops=5)
talk = case.conversation(client, server, 51000, 443)
talk.handshake()
talk.exchange(payloads.client_hello("www.example.net"), payloads.server_hello())
talk.client.fin()
talk.wait(0.0005)
acked = talk.server.ack()
case.expect(talk.client.abort(at=acked.sent + 120.01), "fin-wait2-expired", "active")
early = case.conversation(client, server, 51001, 443, start=3.0)
early.handshake()
early.exchange(payloads.client_hello("www.example.net"), payloads.server_hello())
early.client.fin()
early.wait(0.0005)
acked = early.server.ack()
case.expect(
    early.client.abort(at=acked.sent + 1.3),
    "application-abort",
    "active",
    accept=["linger-zero", "linger2-abort"],
    sure="possible",
)
case.write()
