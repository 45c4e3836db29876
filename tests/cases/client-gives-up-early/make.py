from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80)
talk.handshake()
request = talk.client.send(payloads.http_request("/report"))
talk.server.ack()
aborts = ["linger-zero", "close-with-unread-data", "admin-kill", "socket-disconnect", "process-crash"]
case.expect(talk.client.abort(at=request.sent + 13.714), "application-abort", "active", accept=aborts, sure="possible")
case.write()
