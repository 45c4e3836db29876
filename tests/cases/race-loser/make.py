from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10", os="windows"), Host("198.51.100.7", os="windows", hops=2)
winner = case.conversation(client, server, 51000, 445, rtt=0.002)
loser = case.conversation(client, server, 51001, 139, rtt=0.002, start=0.0003)
winner.handshake()
loser.handshake()
winner.client.send(payloads.smb_negotiate())
case.expect(loser.client.abort(at=0.0029), "race-loser", "active")
winner.server.send(payloads.smb_negotiate())
winner.client.send(payloads.smb_negotiate())
winner.server.ack()
case.write()
