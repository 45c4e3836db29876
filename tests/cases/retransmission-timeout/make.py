from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10", os="windows"), Host("198.51.100.7", hops=7), 51000, 80)
talk.handshake()
talk.exchange(payloads.http_request("/a"), payloads.http_answer(400), think=0.004)
talk.wait(2)
request = talk.client.send(payloads.http_request("/b"), lost=True)
for number in range(5):
    talk.client.again(request, at=request.sent + 0.3 * (2 ** (number + 1) - 1), lost=True)
case.expect(talk.client.abort(at=request.sent + 0.3 * (2**6 - 1)), "retransmission-timeout", "active")
case.write()
