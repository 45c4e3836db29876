from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=16, changes={"ids": "host"})
web = case.conversation(client, server, 40100, 80)
web.handshake()
web.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.004)
web.wait(4)
request = web.client.send(payloads.http_request("/b"))
case.expect(
    web.server.refuse(request, ttl=63),
    "host-restart",
    "passive",
    accept=["undetermined", "connection-gone", "asymmetric-route", "idle-timeout"],
    sure=None,
)
case.write()
