from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__, "server")
talk = case.conversation(
    Host("192.0.2.10", hops=5), Host("198.51.100.7", changes={"scale": 10, "window": 64}), 40100, 80, rtt=0.004
)
talk.handshake()
talk.client.send(payloads.http_request("/upload", method="POST", body=60_816))
talk.server.ack()
total = 42
for number in range(0, total, 2):
    talk.client.stream(b"u" * 2 * 1448)
    talk.server.window = max(8, 64 - 56 * (number + 2) // total)
    talk.server.ack()
talk.wait(0.02)
talk.server.window = 39
talk.server.ack()
talk.wait(0.1)
talk.server.send(payloads.http_answer(20, "201 Created"))
case.expect(
    talk.server.abort(window=77), "application-abort", "active", accept=["linger-zero", "admin-kill"], sure="possible"
)
case.write(snaplen=110)
