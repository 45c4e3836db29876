from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=2)
for number in range(3):
    talk = case.conversation(client, server, 40100 + 2 * number, 5432, start=1.0 * number)
    case.expect(talk.server.refuse(talk.client.syn()), "port-closed", "passive", accept=["firewall-reject"])
ready = case.conversation(client, server, 40200, 5432, start=3.0)
ready.handshake()
ready.exchange(b"Q\0\0\0\x0dSELECT 1\0", b"T\0\0\0\x20" + bytes(60), think=0.002)
ready.close()
case.write()
