from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 443)
talk.handshake()
talk.exchange(payloads.client_hello("www.example.net"), payloads.server_hello())
talk.exchange(payloads.tls_data(120), payloads.tls_data(900), think=0.006)
talk.wait(60)
talk.server.fin()
talk.wait(0.0005)
talk.client.ack()
talk.wait(30)
late = talk.client.send(payloads.tls_data(34))
case.expect(talk.server.refuse(late), "data-after-close", "passive")
case.write()
