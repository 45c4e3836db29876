from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=3)
first = case.conversation(client, server, 40000, 80, rtt=0.004)
first.handshake()
first.exchange(payloads.http_request("/a"), payloads.http_answer(300), think=0.003)
second = case.conversation(client, server, 40002, 80, rtt=0.004, start=0.5)
second.client.syn()
answer = second.server.syn_ack()
reset = second.client.refuse(answer)
case.expect(
    reset,
    "kernel-early-demux-nat",
    "passive",
    accept=["kernel-handshake-race", "late-syn-ack", "race-loser", "undetermined"],
    sure=None,
)
case.write()
