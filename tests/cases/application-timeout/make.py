from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
for number in range(3):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, start=7.3 * number)
    talk.handshake()
    request = talk.client.send(payloads.http_request(f"/report/{number}"))
    talk.server.ack()
    if number < 2:
        case.expect(talk.client.abort(at=request.sent + 30.002), "application-timeout", "active")
        continue
    talk.client.fin(at=request.sent + 30.003)
    talk.wait(0.0004)
    talk.server.ack()
    talk.wait(2.6)
    late = talk.server.send(payloads.http_answer(300))
    accept = ["client-cancelled", "data-after-close"]
    case.expect(talk.client.refuse(late), "application-timeout", "passive", accept=accept)
case.write()
