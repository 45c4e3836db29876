from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__, "server")
client = Host("192.0.2.10", hops=5)
server = Host("198.51.100.7", changes={"scale": 10, "window": 64})
talk = case.conversation(client, server, 40100, 80, rtt=0.004)
talk.handshake()
talk.client.send(payloads.http_request("/upload", method="POST", body=200_000))
talk.server.ack()
total = 80
for number in range(0, total, 4):
    talk.client.stream(b"u" * 4 * 1448)
    talk.server.window = max(8, 64 - 56 * (number + 4) // total)
    talk.server.ack()
talk.wait(0.3)
talk.server.send(payloads.http_answer(20, "413 Content Too Large", extra="Connection: close\r\n"))
case.expect(talk.server.abort(window=77), "close-with-unread-data", "active", sure="likely")
case.write(snaplen=110)
