from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 80)
syn = talk.client.syn()
for _ in range(3):
    answer = talk.server.syn_ack(ack=(syn.seq + 1 + 0x2468ACE) % 2**32)
    case.expect(talk.client.refuse(answer), "bad-handshake-ack", "passive")
    talk.client.again(syn, at=talk.client.arrival(answer) + 0.0104)
case.write()
