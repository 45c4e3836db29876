from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
client, server = Host("192.0.2.10", tos=0x48), Host("198.51.100.7", hops=11, tos=0x48)
ssh = case.conversation(client, server, 40022, 22)
ssh.handshake()
ssh.server.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
ssh.client.send(b"SSH-2.0-OpenSSH_9.9\r\n")
ssh.server.ack()
web = case.conversation(client, server, 40100, 8080, start=2.0)
syn = web.client.syn()
case.expect(web.server.refuse(syn, tos=0), "firewall-reject", "firewall", accept=["port-closed"], sure="possible")
case.write()
