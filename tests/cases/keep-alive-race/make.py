from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80, rtt=0.020)
talk.handshake()
answer = talk.exchange(payloads.http_request("/a"), payloads.http_answer(400), think=0.004)[-2]
fin = talk.server.fin(at=answer.sent + 5.001)
request = talk.client.send(payloads.http_request("/b"), at=fin.sent + 0.003)
first = talk.server.refuse(request, known=True)
late = talk.client.ack(at=fin.sent + 0.0101)
second = talk.server.refuse(late)
case.expect(first, "keep-alive-race", "passive")
case.expect(second, "connection-gone", "passive", accept=["keep-alive-race"], sure="possible")
case.write()
