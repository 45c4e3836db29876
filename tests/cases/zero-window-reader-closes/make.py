from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__, "server")
client = Host("192.0.2.10", hops=7, changes={"syn_window": 9 * 1448, "window": 9 * 1448, "scale": 0})
talk = case.conversation(client, Host("198.51.100.7"), 40100, 80)
talk.handshake()
talk.client.send(payloads.http_request("/log"))
talk.client.reading = False
talk.server.send(payloads.http_answer(900_000)[:1448])
talk.client.ack()
for _ in range(4):
    talk.server.stream(b"l" * 2896)
    stopped = talk.client.ack()
at = stopped.sent + 0.01
for wait in (0.2, 0.4, 0.8, 1.6, 3.2):
    at += wait
    talk.server.probe(at=at)
    talk.client.ack()
reset = talk.client.abort(at=at + 1.13, window=9 * 1448)
accept = ["application-abort", "linger-zero", "process-crash"]
case.expect(reset, "close-with-unread-data", "active", accept=accept, sure="possible")
case.write(snaplen=150)
