from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
server = Host("198.51.100.20", hops=4, changes={"window": 9298, "scale": 0})
talk = case.conversation(Host("192.0.2.10"), server, 40100, 80)
talk.handshake()
talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.003)
talk.wait(2.2)
aborts = ["linger-zero", "close-with-unread-data", "admin-kill", "socket-disconnect", "process-crash"]
case.expect(talk.server.abort(window=9300), "application-abort", "active", accept=aborts, sure="possible")
case.write()
