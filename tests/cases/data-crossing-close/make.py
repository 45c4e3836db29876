from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 8080, rtt=0.030)
talk.handshake()
talk.client.send(payloads.http_request("/upload", method="POST", body=90_000))
talk.wait(0.001)
talk.server.ack()
talk.wait(0.002)
talk.server.send(payloads.http_answer(20, "401 Unauthorized", extra="Connection: close\r\n"))
fin = talk.server.fin()
body = [talk.client.send(b"u" * 1448, at=fin.sent + 0.002 + 0.0001 * number) for number in range(2)]
for segment in body:
    case.expect(talk.server.refuse(segment), "data-after-close", "passive", sure="possible")
case.write(snaplen=200)
