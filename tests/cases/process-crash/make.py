from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
crash = 8.0
for number in range(6):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, start=1.0 + number)
    talk.handshake()
    talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.004)
    if number % 2:
        talk.client.send(payloads.http_request("/b"), at=crash - 0.2)
        talk.server.ack()
        case.expect(
            talk.server.abort(at=crash + 0.0001 * number),
            "process-crash",
            "active",
            accept=["close-with-unread-data", "application-abort"],
        )
    else:
        talk.server.fin(at=crash + 0.0001 * number)
        talk.client.fin()
        talk.server.ack()
for number in range(5):
    talk = case.conversation(client, server, 41100 + 2 * number, 80, start=crash + 1.3 + 14 * number)
    case.expect(talk.server.refuse(talk.client.syn()), "process-crash", "passive", accept=["port-closed"])
case.write()
