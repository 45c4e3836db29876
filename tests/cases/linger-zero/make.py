from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
for number in range(6):
    start = 1.7 * number + (0.31, 0.0, 0.87, 0.12, 0.55, 0.2)[number]
    talk = case.conversation(client, server, 40100 + 2 * number, 80, start=start)
    talk.handshake()
    talk.exchange(payloads.http_request(f"/{number}"), payloads.http_answer(300 + 40 * number), think=0.004)
    talk.wait(0.0011)
    case.expect(talk.client.abort(), "linger-zero", "active", accept=["application-abort"])
case.write()
