from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
client = Host("192.0.2.10")
for number in range(10):
    peer = Host(f"192.0.2.{100 + number}", hops=0)
    talk = case.conversation(client, peer, 40100 + 2 * number, 7946, rtt=0.0006, start=0.02 * number)
    if number in {2, 5, 8}:
        case.expect(talk.server.refuse(talk.client.syn()), "port-closed", "passive", accept=["firewall-reject"])
        continue
    talk.handshake()
    talk.exchange(b"\x01join", b"\x02state" + bytes(90))
    talk.close()
case.write()
