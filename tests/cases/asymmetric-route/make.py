from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__, "server")
here = Host("198.51.100.7")
well = case.conversation(Host("203.0.113.80", hops=6), here, 40100, 443)
well.handshake()
for _ in range(3):
    well.exchange(payloads.tls_data(100), payloads.tls_data(200), think=0.004)
    well.wait(5)
for number in range(3):
    client = Host(f"192.0.2.{20 + 7 * number}", hops=8 + number)
    talk = case.conversation(client, here, 40200 + number, 443, start=-20.0 + number)
    for segment in (*talk.handshake(), *talk.exchange(payloads.tls_data(100), payloads.tls_data(200))):
        segment.unseen = True
    for again in range(2):
        stray = talk.client.send(payloads.tls_data(60), at=7.0 + 0.41 * number + 0.003 * again)
        reset = talk.server.refuse(stray)
        case.expect(reset, "asymmetric-route", "passive", accept=["host-restart", "undetermined"], sure=None)
well.wait(3)
well.close()
case.write()
