from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 9000)
unseen = list(talk.handshake())
for number in range(3):
    talk.client.send(b"message %d\n" % number)
    unseen.append(talk.server.ack())
    talk.wait(0.7)
unseen.append(talk.server.send(b"answer\n"))
for segment in unseen:
    segment.unseen = True
case.expect(
    talk.client.refuse(unseen[-1]),
    "undetermined",
    "passive",
    accept=["client-cancelled", "connection-gone", "asymmetric-route", "host-restart", "application-abort"],
    sure=None,
)
case.write()
