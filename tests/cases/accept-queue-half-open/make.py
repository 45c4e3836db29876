from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80)
_, answer, _ = talk.handshake()
request = talk.client.send(payloads.http_request("/a"), lost=True)
repeats = [("server", 2**number - 1.0) for number in range(1, 6)]
repeats += [("client", 0.22 * (2 ** (number + 1) - 1)) for number in range(9)]
for side, after in sorted(repeats, key=lambda row: row[1]):
    if side == "server":
        talk.server.again(answer, at=answer.sent + after)
        talk.client.ack()
    else:
        last = talk.client.again(request, at=request.sent + after, lost=True)
case.expect(talk.server.refuse(last), "accept-queue-half-open", "passive")
case.write()
