from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=1), 40100, 443, rtt=0.001)
talk.client.syn()
reset = talk.client.refuse(talk.server.syn_ack())
case.expect(reset, "undetermined", "passive", accept=[], sure=None)
case.write()
