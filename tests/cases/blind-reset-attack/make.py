from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__, "server")
talk = case.conversation(Host("192.0.2.10", hops=7), Host("198.51.100.7"), 40100, 179)
talk.handshake()
message = b"\xff" * 16 + b"\x00\x13\x04"
talk.client.send(message)
talk.server.send(message)
quiet = talk.client.ack()
exact = talk.client.nxt
for number in range(16):
    guess = exact + 20_011 + 65_535 * (number - 9)
    reset = talk.forge(talk.client, at=quiet.sent + 9 + 0.0013 * number, seq=guess, ttl=51, ip_id=0, df=False)
    case.expect(reset, "blind-reset-attack", "forged", accept=["forged-reset"])
    if guess - exact == 20_011:
        talk.server.ack()
talk.client.send(message, at=quiet.sent + 30)
talk.server.send(message)
talk.client.ack()
case.write()
