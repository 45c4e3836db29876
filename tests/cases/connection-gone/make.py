from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 1883)
talk.handshake()
talk.client.send(b"\x10\x14\0\x04MQTT\x04\x02\0\x3c\0\x08device-1")
talk.server.send(b"\x20\x02\0\0")
acked = talk.client.ack()
talk.wait(3.2)
talk.client.send(b"0\x0f\0\x05state" + b"12345678")
talk.server.ack()
talk.wait(0.31)
first = talk.server.abort()
case.expect(
    first,
    "application-abort",
    "active",
    accept=["close-with-unread-data", "linger-zero", "process-crash", "admin-kill", "socket-disconnect"],
    sure="possible",
)
for number in range(2):
    late = talk.client.send(b"0\x0f\0\x05state" + b"abcdefgh", at=first.sent + 0.002 + 0.003 * number)
    case.expect(talk.server.refuse(late), "connection-gone", "passive")
case.write()
