from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("2001:db8:1::10"), Host("2001:db8:2::7", hops=8), 40100, 80)
talk.handshake()
talk.exchange(payloads.http_request("/a"), payloads.http_answer(400, extra="Connection: close\r\n"), think=0.004)
talk.server.fin()
talk.wait(0.0005)
talk.client.ack()
talk.wait(1.5)
first = talk.client.send(payloads.http_request("/b"))
case.expect(talk.server.refuse(first), "data-after-close", "passive")
second = talk.client.send(payloads.http_request("/c"), at=first.sent + 0.0006)
case.expect(talk.server.refuse(second), "data-after-close", "passive", accept=["connection-gone"])
case.write()
