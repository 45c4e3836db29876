from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 9000)
talk.handshake()
talk.exchange(b"subscribe weather\n", b"ok\n", think=0.004)
talk.wait(41.7)
talk.client.fin()
talk.wait(0.0004)
talk.server.ack()
talk.wait(18.3)
news = talk.server.send(b"rain\n")
case.expect(talk.client.refuse(news), "data-after-close", "passive", accept=["client-cancelled"])
case.write()
