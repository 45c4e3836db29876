from __future__ import annotations

from whyrst.lab.wire import ACK, RST, Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=13), 40100, 443, rtt=0.060)
talk.handshake()
hello = talk.client.send(payloads.client_hello("blocked.example.org"))
start = talk.server.nxt
for number, step in enumerate((0, 1460, 4380)):
    fields = {"ttl": 101 + number, "ip_id": 1000 + number, "window": 3000 + number, "df": False}
    reset = talk.forge(
        talk.server,
        at=hello.sent + 0.0052 + 0.00004 * number,
        seq=start + step,
        ack=hello.end,
        flags=RST | ACK,
        **fields,
    )
    case.expect(reset, "dpi-injection", "forged", accept=["forged-reset"] if number else [])
answers = talk.server.stream(payloads.server_hello(), at=talk.server.arrival(hello) + 0.001)
for number, segment in enumerate(answers):
    late = talk.client.refuse(segment, at=talk.client.arrival(segment) + 0.00008 + 0.00001 * number)
    case.expect(late, "connection-gone", "passive", accept=["dpi-injection"])
case.write()
