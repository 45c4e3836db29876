from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=14), 40100, 443, rtt=0.400)
syn = talk.client.syn(lost=True)
talk.client.again(syn, at=syn.sent + 1.02, lost=True)
talk.client.again(syn, at=syn.sent + 2.9)
case.expect(talk.client.refuse(talk.server.syn_ack()), "late-syn-ack", "passive")
case.write()
