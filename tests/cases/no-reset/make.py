from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80)
talk.handshake()
talk.exchange(payloads.http_request("/a"), payloads.http_answer(400), think=0.004)
talk.wait(45)
talk.client.probe()
talk.server.ack()
lost = talk.client.send(payloads.http_request("/b"), lost=True)
talk.client.again(lost, at=lost.sent + 0.22)
talk.wait(0.003)
talk.server.send(payloads.http_answer(200))
talk.client.ack()
talk.close()
case.write()
