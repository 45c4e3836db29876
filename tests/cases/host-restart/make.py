from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
talks = [case.conversation(client, server, 40100 + port, port, start=port / 1000) for port in (80, 5432, 6379)]
for talk in talks:
    talk.handshake()
    talk.exchange(payloads.http_request() if talk.dport == 80 else b"ping\r\n", b"+PONG\r\n", think=0.002)
for number, talk in enumerate(talks):
    data = talk.client.send(b"more\r\n", at=97.0 + 3.3 * number)
    case.expect(talk.server.refuse(data), "host-restart", "passive")
rebooted = Host("198.51.100.7", hops=5, boot=62.0)
for number, port in enumerate((80, 6379)):
    talk = case.conversation(client, rebooted, 41000 + number, port, start=110.0 + number)
    talk.handshake()
    talk.exchange(b"ping\r\n", b"+PONG\r\n", think=0.002)
    talk.close()
case.write()
