from __future__ import annotations

from whyrst.lab.wire import Case, Host

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
talk = case.conversation(client, server, 40100, 5432)
syn = talk.client.syn()
challenge = talk.server.ack(seq=1_234_567, ack=(syn.seq - 700_000) % 2**32)
case.expect(
    talk.client.refuse(challenge), "stale-connection", "passive", accept=["time-wait-reuse", "undetermined"], sure=None
)
talk.client.again(syn, at=challenge.sent + 0.0105)
talk.server.syn_ack()
talk.client.ack()
case.write()
