from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=9)
web = case.conversation(client, server, 40100, 80)
web.handshake()
web.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.004)
web.wait(3)
lost = web.client.send(payloads.http_request("/b"), lost=True)
router = web.server.refuse(lost, at=lost.sent + 0.008, ttl=64 + 2)
case.expect(router, "firewall-reject", "firewall")
web.wait(60)
probe = web.server.probe()
case.expect(web.client.refuse(probe), "connection-gone", "passive", accept=["firewall-reject"])
case.write()
