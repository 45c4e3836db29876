from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80)
_, answer, _ = talk.handshake()
request = talk.client.send(payloads.http_request("/a"), lost=True)
talk.client.again(request, at=request.sent + 0.22, lost=True)
talk.server.again(answer, at=answer.sent + 1.0)
talk.client.ack(lost=True)
taken = talk.client.again(request, at=request.sent + 3.1)
talk.server.ack(ack=taken.end)
talk.wait(0.4)
case.expect(
    talk.server.abort(ack=taken.end),
    "application-abort",
    "active",
    accept=["linger-zero", "close-with-unread-data", "undetermined", "admin-kill", "socket-disconnect"],
    sure=None,
)
case.write()
