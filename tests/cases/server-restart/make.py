from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
stop = 10.0
for number in range(5):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, start=1.0 + number)
    talk.handshake()
    talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.004)
    if number < 2:
        talk.client.send(payloads.http_request("/b"), at=stop - 0.3)
        talk.server.ack()
        case.expect(
            talk.server.abort(at=stop + 0.004 * number),
            "server-restart",
            "active",
            accept=["close-with-unread-data", "application-abort"],
        )
    else:
        talk.server.fin(at=stop + 0.006 * number)
        talk.client.fin()
        talk.server.ack()
for number in range(3):
    talk = case.conversation(client, server, 41100 + 2 * number, 80, start=stop + 0.2 + 0.7 * number)
    case.expect(talk.server.refuse(talk.client.syn()), "server-restart", "passive", accept=["port-closed"])
for number in range(2):
    talk = case.conversation(client, server, 42100 + 2 * number, 80, start=stop + 3 + number)
    talk.handshake()
    talk.exchange(payloads.http_request("/c"), payloads.http_answer(300), think=0.004)
    talk.close()
case.write()
