from __future__ import annotations

from whyrst.lab.wire import ACK, FIN, PSH, Case, Host
from whyrst.lab.wire.segment import URG

case = Case(__file__, "server")
scanner, target = Host("192.0.2.66", hops=9), Host("198.51.100.7")
for number, port in enumerate((21, 22, 23, 25, 80, 110, 139, 443, 3306, 8080)):
    talk = case.conversation(scanner, target, 40100 + 2 * number, port, start=0.003 * number)
    if port in {22, 80, 443}:
        talk.handshake()
        case.expect(talk.client.abort(), "port-scan", "active")
    else:
        case.expect(talk.server.refuse(talk.client.syn()), "port-scan", "passive", accept=["port-closed"])
for number, (port, flags) in enumerate(
    ((80, ACK), (81, FIN), (82, 0), (83, FIN | PSH | URG), (80, FIN), (80, 0), (443, ACK), (84, FIN))
):
    talk = case.conversation(scanner, target, 61234, port, start=1.0 + 0.004 * number)
    talk.client.stamps = False
    fields = {"flags": flags, "window": 1024, "ttl": 41 + number, "df": False, "options": b""}
    probe = talk.client.ack(ack=0xA5A5 if flags == ACK else 0, **fields)
    if flags == ACK or port not in {80, 443}:
        case.expect(talk.server.refuse(probe), "port-scan", "passive", accept=["port-closed", "undetermined"])
case.write()
