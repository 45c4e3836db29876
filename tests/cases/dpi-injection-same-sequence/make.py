from __future__ import annotations

from whyrst.lab.wire import ACK, RST, Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=13), 40100, 443, rtt=0.060)
talk.handshake()
hello = talk.client.send(payloads.client_hello("blocked.example.org"))
for number in range(3):
    reset = talk.forge(
        talk.server,
        at=hello.sent + 0.0049 + 0.00003 * number,
        flags=RST | ACK,
        ack=hello.end,
        window=3293 + number,
        ttl=88 + number,
        ip_id=0x4D2A + number,
    )
    case.expect(reset, "dpi-injection", "forged", accept=["forged-reset"] if number else [])
answers = talk.server.stream(payloads.server_hello(1000), at=talk.server.arrival(hello) + 0.001)
for segment in answers:
    case.expect(talk.client.refuse(segment), "connection-gone", "passive", accept=["dpi-injection"])
case.write()
