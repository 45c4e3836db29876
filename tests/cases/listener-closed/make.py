from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
for number in range(5):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, start=0.11 * number)
    talk.handshake()
    if number in {1, 3}:
        talk.client.send(payloads.http_request("/a"))
        talk.server.ack()
    case.expect(talk.server.abort(at=2.0 + 0.00007 * number), "listener-closed", "active")
case.write()
