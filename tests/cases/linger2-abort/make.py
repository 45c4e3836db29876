from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
for number in range(2):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, start=2.6 * number)
    talk.handshake()
    talk.exchange(payloads.http_request("/a"), payloads.http_answer(300, extra="Connection: close\r\n"), think=0.004)
    talk.server.fin()
    acked = talk.client.ack()
    case.expect(talk.server.refuse(acked, known=True), "linger2-abort", "passive")
case.write()
