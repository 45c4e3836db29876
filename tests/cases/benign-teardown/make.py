from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10", os="windows"), Host("198.51.100.7", hops=5)
for number in range(2):
    talk = case.conversation(client, server, 51000 + number, 80, start=1.3 * number)
    talk.handshake()
    talk.exchange(payloads.http_request("/a"), payloads.http_answer(400, extra="Connection: close\r\n"), think=0.004)
    talk.server.fin()
    talk.client.ack()
    if number:
        talk.client.fin()
        talk.server.ack()
    case.expect(talk.client.abort(), "benign-teardown", "active", accept=[] if number else ["linger-zero"])
case.write()
