from __future__ import annotations

from whyrst.lab.wire import ACK, RST, Case, Host, payloads

case = Case(__file__)
adc = Host("198.51.100.20", os="freebsd", ttl=255, hops=4, changes={"layout": "mnwnns", "window": 8190, "scale": 0})
for number in range(2):
    talk = case.conversation(Host("192.0.2.10"), adc, 40100 + 2 * number, 80, start=3.0 * number)
    talk.handshake()
    quiet = talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.003)[-1]
    reset = talk.server.abort(at=quiet.sent + 180.3 + number / 9, window=9300, flags=RST | ACK, options=b"")
    case.expect(reset, "proxy-policy", "active", accept=["idle-timeout"])
case.write()
