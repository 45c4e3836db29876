from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__, "between")
balancer = Host("198.51.100.20", ttl=255, hops=1)
clients = [Host(f"203.0.113.{number}", hops=9 + number % 5) for number in (17, 44, 101, 160)]
for number, client in enumerate(clients):
    well = case.conversation(client, balancer, 40100, 80, start=0.1 * number)
    well.handshake()
    well.exchange(payloads.http_request("/"), payloads.http_answer(100), think=0.004)
    well.close()
for number in range(8):
    talk = case.conversation(clients[number % 4], balancer, 41100 + number, 443, start=2.0 + 0.17 * number)
    talk.handshake()
    talk.client.send(payloads.client_hello("www.example.net"))
    talk.wait(0.011)
    reset = talk.server.abort()
    case.expect(reset, "no-healthy-backend", "active", accept=["application-abort", "tls-rejected"], sure="possible")
case.write()
