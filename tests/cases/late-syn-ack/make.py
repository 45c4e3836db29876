from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=14)
for number in range(3):
    talk = case.conversation(client, server, 40100 + 2 * number, 443, rtt=0.110, start=1.0 * number)
    talk.client.syn()
    answer = talk.server.syn_ack()
    case.expect(talk.client.refuse(answer), "late-syn-ack", "passive")
case.write()
