from __future__ import annotations

from whyrst.lab.wire import Case, Host
from whyrst.lab.wire import options as opt

case = Case(__file__, "server")
scanner, target = Host("192.0.2.66", hops=9), Host("198.51.100.7")
ports = (80, 23, 3389, 21, 443, 139, 1723, 8080, 110, 22, 3306, 5900, 111, 995, 25, 587)
for number, port in enumerate(ports):
    talk = case.conversation(scanner, target, 61234, port, start=0.004 * number)
    syn = talk.client.syn(
        options=opt.mss(1460), window=1024, ttl=49 + number % 7, df=False, ip_id=(7919 * port) % 65536
    )
    if port in {80, 443, 22}:
        case.expect(talk.client.refuse(talk.server.syn_ack()), "port-scan", "passive")
    else:
        case.expect(talk.server.refuse(syn), "port-scan", "passive", accept=["port-closed"])
case.write()
