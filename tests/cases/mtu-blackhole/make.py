from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads
from whyrst.lab.wire import options as opt

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10", os="windows"), Host("198.51.100.7", hops=7), 51000, 80)
talk.handshake()
talk.exchange(payloads.http_request("/form"), payloads.http_answer(400), think=0.004)
head = payloads.http_request("/form", method="POST", body=2900)
full = (head + b"p" * 2900)[:2920]
talk.wait(4)
first, second = (talk.client.send(part, lost=True) for part in (full[:1460], full[1460:]))
short = talk.client.send(b"p" * (len(head) - 20))
talk.server.ack(options=opt.padded(opt.NOP * 2 + opt.sack((short.seq, short.end))))
for number in range(5):
    talk.client.again(first, at=first.sent + 0.3 * (2 ** (number + 1) - 1), lost=True)
reset = talk.client.abort(at=first.sent + 0.3 * (2**6 - 1))
case.expect(reset, "mtu-blackhole", "active", accept=["retransmission-timeout"])
case.write()
