from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=12)
talk = case.conversation(client, server, 40100, 5432, rtt=0.008)
talk.handshake()
quiet = talk.exchange(b"Q\0\0\0\x0dSELECT 1\0", b"T\0\0\0\x20" + bytes(60), think=0.002)[-1]
again = talk.client.send(b"Q\0\0\0\x0dSELECT 2\0", at=quiet.sent + 350.3)
case.expect(talk.server.refuse(again), "idle-timeout", "passive", accept=["host-restart", "undetermined"], sure=None)
case.write()
