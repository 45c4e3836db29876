from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10", os="windows"), Host("198.51.100.7", hops=7), 51000, 80)
talk.handshake()
head = payloads.http_request("/form", method="POST", body=9000)
body = head + b"p" * (2920 - len(head))
for part in (body[:1460], body[1460:]):
    talk.client.send(part)
    talk.server.ack()
talk.wait(1)
full = talk.client.send(b"p" * 1460, lost=True)
for number in range(5):
    talk.client.again(full, at=full.sent + 0.3 * (2 ** (number + 1) - 1), lost=True)
case.expect(talk.client.abort(at=full.sent + 0.3 * (2**6 - 1)), "retransmission-timeout", "active")
case.write()
