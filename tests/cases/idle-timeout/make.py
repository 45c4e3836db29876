from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=12)
for number, silence in enumerate((351.2, 340.0, 350.4, 352.9)):
    talk = case.conversation(client, server, 40100 + 2 * number, 5432, rtt=0.008, start=1.1 * number)
    talk.handshake()
    quiet = talk.exchange(b"Q\0\0\0\x0dSELECT 1\0", b"T\0\0\0\x20" + bytes(60), think=0.002)[-1]
    again = talk.client.send(b"Q\0\0\0\x0dSELECT 2\0", at=quiet.sent + silence, lost=silence > 350)
    if silence > 350:
        reset = talk.server.refuse(again, at=again.sent + 0.0031, ttl=250)
        case.expect(reset, "idle-timeout", "firewall")
    else:
        talk.server.send(b"T\0\0\0\x20" + bytes(60))
        talk.client.ack()
        talk.close()
case.write()
