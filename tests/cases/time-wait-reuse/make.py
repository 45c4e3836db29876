from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client = Host("192.0.2.10", changes={"layout": "mnnsnw"})
server = Host("198.51.100.7", hops=5)
old = case.conversation(client, server, 40100, 80)
old.handshake()
old.exchange(payloads.http_request("/a"), payloads.http_answer(400, extra="Connection: close\r\n"), think=0.004)
old.close(old.server)
new = case.conversation(client, server, 40100, 80, start=14.0)
new.client.isn = (old.client.isn - 90_000) % 2**32
syn = new.client.syn()
last = old.server.ack(at=new.server.arrival(syn) + 0.0001, ip_id=0)
case.expect(new.client.refuse(last), "time-wait-reuse", "passive")
new.client.again(syn, at=last.sent + 0.020)
new.server.syn_ack()
new.client.ack()
new.exchange(payloads.http_request("/b"), payloads.http_answer(200), think=0.004)
new.close()
case.write()
