from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
for number in range(8):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, start=0.0011 * number)
    last = talk.handshake()[-1]
    if number < 4:
        talk.exchange(payloads.http_request("/a"), payloads.http_answer(200), think=0.9)
        talk.close()
        continue
    data = talk.client.send(payloads.http_request("/a"))
    case.expect(talk.server.refuse(last, at=talk.server.arrival(last) + 0.00008), "accept-queue-abort", "passive")
    gone = talk.server.refuse(data, at=talk.server.arrival(data) + 0.00009)
    case.expect(gone, "accept-queue-abort", "passive", accept=["connection-gone"])
case.write(snaplen=160)
