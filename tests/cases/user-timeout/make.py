from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 1883)
talk.handshake()
talk.client.send(b"\x10\x14\0\x04MQTT\x04\x02\0\x3c\0\x08device-1")
talk.server.send(b"\x20\x02\0\0")
talk.client.ack()
talk.wait(3)
data = talk.client.send(b"0\x0f\0\x05state" + b"12345678", lost=True)
for number in range(6):
    talk.client.again(data, at=data.sent + 0.22 * (2 ** (number + 1) - 1), lost=True)
late = talk.server.send(b"0\x0d\0\x05order" + b"on\0\0\0\0", at=data.sent + 41)
case.expect(talk.client.refuse(late), "user-timeout", "passive", accept=["retransmission-timeout"], sure="possible")
case.write()
