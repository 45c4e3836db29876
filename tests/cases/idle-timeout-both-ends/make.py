from __future__ import annotations

from whyrst.lab.wire import ACK, RST, Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=12)
for number in range(2):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, rtt=0.008, start=17.0 * number)
    talk.handshake()
    quiet = talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.003)[-1]
    reset = talk.forge(talk.server, at=quiet.sent + 240.004, flags=RST | ACK, ack=talk.client.nxt, ttl=119)
    case.expect(reset, "idle-timeout", "firewall", accept=["forged-reset"], sure="possible")
case.write()
