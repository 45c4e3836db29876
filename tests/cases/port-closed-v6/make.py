from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
six = case.conversation(Host("2001:db8:1::10"), Host("2001:db8:2::7", hops=8), 40100, 8080)
case.expect(six.server.refuse(six.client.syn()), "port-closed", "passive")
four = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=8), 40102, 8080, start=0.021)
case.expect(
    four.server.refuse(four.client.syn()), "port-closed", "passive", accept=["firewall-reject"], sure="possible"
)
case.write()
