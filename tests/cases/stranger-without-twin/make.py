from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("10.244.2.17"), Host("10.244.1.5", hops=1), 40100, 80, rtt=0.0006)
for segment in (*talk.handshake(), *talk.exchange(payloads.http_request("/a"), payloads.http_answer(2000))):
    segment.unseen = True
talk.wait(0.002)
stray = talk.server.send(payloads.http_answer(600))
accept = ["host-restart", "client-cancelled", "connection-gone", "undetermined"]
case.expect(talk.client.refuse(stray), "asymmetric-route", "passive", accept=accept, sure=None)
case.write()
