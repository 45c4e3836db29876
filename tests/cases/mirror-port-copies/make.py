from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__, "between")
client, server = Host("192.0.2.10", hops=2), Host("198.51.100.7", hops=5)
web = case.conversation(client, server, 40100, 80)
web.handshake()
web.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.004)
web.close()
closed = case.conversation(client, server, 40102, 8080, start=1.0)
reset = closed.server.refuse(closed.client.syn())
case.expect(reset, "port-closed", "passive", accept=["firewall-reject"])
case.write(duplicate=True, vlan=30)
