from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80)
talk.handshake()
talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.004)
talk.wait(0.0011)
case.expect(
    talk.client.abort(),
    "application-abort",
    "active",
    accept=["linger-zero", "close-with-unread-data", "socket-disconnect", "admin-kill"],
    sure="possible",
)
case.write()
