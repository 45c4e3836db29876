from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=7), 51000, 80)
talk.handshake()
talk.exchange(payloads.http_request("/a"), payloads.http_answer(400), think=0.004)
talk.wait(2)
request = talk.client.send(payloads.http_request("/b"), lost=True)
at, wait = request.sent, 0.22
for _ in range(15):
    at += wait
    talk.client.again(request, at=at, lost=True)
    wait = min(2 * wait, 120)
late = talk.server.probe(at=at + 600)
case.expect(talk.client.refuse(late), "retransmission-timeout", "passive", accept=["user-timeout"], sure="possible")
case.write()
