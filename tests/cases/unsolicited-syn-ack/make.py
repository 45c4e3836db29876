from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
victim = Host("192.0.2.10")
for number in range(5):
    server = Host(f"203.0.113.{17 + 31 * number}", hops=8 + number)
    talk = case.conversation(victim, server, 1024 + 9973 * number, 80, start=0.37 * number)
    answer = talk.server.syn_ack(ack=(77_777_777 * (number + 3)) % 2**32)
    case.expect(talk.client.refuse(answer), "unsolicited-syn-ack", "passive")
case.write()
