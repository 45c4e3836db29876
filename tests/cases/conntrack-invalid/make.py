from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("10.244.2.17"), Host("10.96.14.3", hops=1), 40100, 80, rtt=0.0006)
talk.handshake()
talk.exchange(payloads.http_request("/a"), payloads.http_answer(2000), think=0.002)
request = talk.client.send(payloads.http_request("/b"))
talk.wait(0.002)
backend = "10.244.1.5"
stray = talk.server.send(payloads.http_answer(600), source=backend)
reset = talk.client.refuse(stray, destination=backend)
case.expect(reset, "conntrack-invalid", "passive")
for number in range(3):
    talk.client.again(request, at=request.sent + 0.2 * (2 ** (number + 1) - 1), lost=True)
case.write()
