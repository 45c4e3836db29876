from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80)
talk.handshake()
talk.exchange(payloads.http_request("/film"), payloads.http_answer(100_000)[:2896], think=0.004)
talk.wait(0.002)
talk.client.fin()
rest = talk.server.stream(b"f" * 4 * 1448)
for segment in rest:
    case.expect(talk.client.refuse(segment), "client-cancelled", "passive")
case.write(snaplen=200)
