from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
client, server = Host("192.0.2.10", os="windows"), Host("198.51.100.7", os="windows", hops=3)
talk = case.conversation(client, server, 51000, 3390, rtt=0.004)
syn = talk.client.syn()
case.expect(talk.server.refuse(syn), "port-closed", "passive")
for number in (1, 2):
    again = talk.client.again(syn, at=syn.sent + 0.51 * number)
    case.expect(talk.server.refuse(again), "port-closed", "passive")
case.write()
