from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=13), 40100, 80, rtt=0.040)
talk.handshake()
talk.exchange(payloads.http_request("/film"), payloads.http_answer(900_000)[:2896], think=0.004)
seen = talk.exchange(b"", b"f" * 2896)[-1]
start = talk.server.nxt
for number in range(3):
    reset = talk.forge(
        talk.server, at=seen.sent + 0.010 + 0.00003 * number, seq=start + 64256 * number, ttl=61, ip_id=31337 + number
    )
    case.expect(reset, "forged-reset", "forged", accept=["dpi-injection"])
for segment in talk.server.stream(b"f" * 4344, at=seen.sent + 0.021):
    case.expect(talk.client.refuse(segment), "connection-gone", "passive", accept=["forged-reset"])
case.write(snaplen=200)
