from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__, "server")
talk = case.conversation(Host("192.0.2.10", hops=7), Host("198.51.100.7"), 40100, 22)
talk.handshake()
talk.server.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
talk.client.send(b"SSH-2.0-OpenSSH_9.9\r\n")
quiet = talk.server.ack()
for number in range(4):
    talk.server.probe(at=quiet.sent + 60 * (number + 1))
    last = talk.client.ack()
aborts = ["linger-zero", "close-with-unread-data", "admin-kill", "socket-disconnect", "process-crash"]
case.expect(talk.server.abort(at=last.sent + 17.3), "application-abort", "active", accept=aborts, sure="possible")
case.write()
