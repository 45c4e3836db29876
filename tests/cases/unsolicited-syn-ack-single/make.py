from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("203.0.113.17", hops=9), 40100, 443)
answer = talk.server.syn_ack(ack=77_777_777)
case.expect(
    talk.client.refuse(answer), "unsolicited-syn-ack", "passive", accept=["undetermined", "asymmetric-route"], sure=None
)
case.write()
