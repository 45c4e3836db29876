from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
server = Host("198.51.100.7", os="windows", hops=5)
for number in range(2):
    talk = case.conversation(Host("192.0.2.10"), server, 40100 + 2 * number, 80, start=9.4 * number)
    talk.handshake()
    talk.exchange(payloads.http_request("/list"), payloads.http_answer(50_000)[:1460], think=0.03)
    talk.wait(1.1 + number)
    case.expect(
        talk.server.abort(),
        "application-abort",
        "active",
        accept=["close-with-unread-data", "linger-zero", "process-crash"],
        sure="possible",
    )
case.write()
