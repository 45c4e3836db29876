from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
killed = 8.0
for number in range(4):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, start=1.0 + number)
    talk.handshake()
    talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.004)
    case.expect(
        talk.server.abort(at=killed + 0.0001 * number),
        "application-abort",
        "active",
        accept=["linger-zero", "close-with-unread-data", "socket-disconnect", "admin-kill"],
        sure="possible",
    )
for number in range(6):
    talk = case.conversation(client, server, 41100 + 2 * number, 80, start=killed + 0.1 + 5 * number)
    talk.handshake()
    talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.004)
    talk.close()
case.write()
