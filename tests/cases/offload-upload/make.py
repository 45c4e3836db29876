from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client = Host("192.0.2.10")
server = Host("198.51.100.7", hops=5, changes={"scale": 10, "window": 64})
talk = case.conversation(client, server, 40100, 80, rtt=0.004)
talk.client.offload = True
talk.handshake()
talk.client.send(payloads.http_request("/upload", method="POST", body=200_000))
talk.server.ack()
for window in (45, 28, 9):
    talk.client.stream(b"u" * 23168)
    talk.server.window = window
    talk.server.ack()
talk.wait(0.4)
case.expect(talk.server.abort(window=77), "close-with-unread-data", "active")
case.write(snaplen=120)
