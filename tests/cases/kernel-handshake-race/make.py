from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=1), 40100, 25, rtt=0.0004)
talk.handshake()
data = talk.client.send(b"\x16\x03\x01", lost=True)
reset = talk.server.refuse(data)
case.expect(
    reset,
    "kernel-handshake-race",
    "passive",
    accept=["accept-queue-abort", "firewall-reject", "forged-reset"],
    sure="possible",
)
talk.wait(0.003)
greeting = talk.server.send(b"220 mail.example.net ESMTP\r\n", at=reset.sent + 0.0021)
case.expect(
    talk.client.refuse(greeting), "connection-gone", "passive", accept=["kernel-handshake-race"], sure="possible"
)
case.write()
