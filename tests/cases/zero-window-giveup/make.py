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
wait = 0.2
at = stopped.sent + 0.01
while at + wait < stopped.sent + 30:
    at += wait
    talk.server.probe(at=at)
    talk.client.ack()
    wait *= 2
case.expect(talk.server.abort(at=stopped.sent + 30.01), "zero-window-giveup", "active")
case.write(snaplen=150)
