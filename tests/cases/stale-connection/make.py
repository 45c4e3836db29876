from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__, "server")
server = Host("198.51.100.7")
old = case.conversation(Host("192.0.2.10", hops=5), server, 40100, 5432)
old.handshake()
for _ in range(2):
    old.exchange(b"Q\0\0\0\x0dSELECT 1\0", b"T\0\0\0\x20" + bytes(60), think=0.002)
new = case.conversation(Host("192.0.2.10", hops=5, boot=20.0), server, 40100, 5432, start=48.0)
syn = new.client.syn()
challenge = old.server.ack(at=new.server.arrival(syn) + 0.0001)
case.expect(new.client.refuse(challenge), "stale-connection", "passive")
new.client.again(syn, at=new.client.arrival(challenge) + 0.0105)
new.server.syn_ack()
new.client.ack()
new.exchange(b"Q\0\0\0\x0dSELECT 1\0", b"T\0\0\0\x20" + bytes(60), think=0.002)
new.close()
case.write()
