from __future__ import annotations

import struct

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client = Host("192.0.2.10")
proxy = Host("198.51.100.20", ttl=255, hops=4, changes={"layout": "mnwst", "scale": 0, "window": 4380})
for number, reason in enumerate(
    (b"BIG-IP: [0x2c1a5e8:1121] Flow expired (sweeper)", struct.pack("!HHI", 0x33AA, 10, 0))
):
    talk = case.conversation(client, proxy, 40100 + 2 * number, 80, start=3.0 * number)
    talk.handshake()
    talk.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.003)
    talk.wait(2.4)
    case.expect(talk.server.abort(payload=reason), "proxy-policy", "active")
case.write()
