from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80, rtt=0.020)
talk.handshake()
answer = talk.exchange(payloads.http_request("/a"), payloads.http_answer(400), think=0.004)[-2]
fin = talk.server.fin(at=answer.sent + 5.001)
talk.wait(0.0003)
talk.client.ack()
talk.wait(2.7)
late = talk.client.send(payloads.http_request("/b"))
case.expect(talk.server.refuse(late), "data-after-close", "passive")
case.write()
