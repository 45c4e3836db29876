from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads
from whyrst.lab.wire import options as opt

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=13)
for number in range(2):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, rtt=0.030, start=2.0 * number)
    syn = talk.client.syn()
    talk.server.syn_ack(ttl=255, window=0, options=opt.mss(1400), at=syn.sent + 0.019, df=False)
    talk.client.ack()
    request = talk.client.send(payloads.http_request("/a"))
    case.expect(talk.server.refuse(request), "syn-proxy", "passive")
case.write()
