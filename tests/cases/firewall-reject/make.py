from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
client, server = Host("192.0.2.10", tos=0x10), Host("198.51.100.7", hops=11, tos=0x10)
ssh = case.conversation(client, server, 40022, 22)
ssh.handshake()
ssh.server.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
ssh.client.send(b"SSH-2.0-OpenSSH_9.9\r\n")
ssh.server.ack()
for attempt in range(2):
    web = case.conversation(client, server, 40100 + 2 * attempt, 8080, start=2.0 + 5 * attempt)
    syn = web.client.syn()
    router = web.server.refuse(syn, at=syn.sent + 0.003, ttl=64 + 3, tos=0)
    case.expect(router, "firewall-reject", "firewall")
case.write()
