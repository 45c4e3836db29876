from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
six = case.conversation(Host("2001:db8:1::10"), Host("2001:db8:2::7", hops=8), 40100, 443, rtt=0.310)
four = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=8), 40102, 443, rtt=0.020, start=0.250)
six.client.syn()
four.handshake()
four.exchange(payloads.client_hello("www.example.net"), payloads.server_hello())
case.expect(six.client.refuse(six.server.syn_ack()), "race-loser", "passive", accept=["late-syn-ack"])
four.exchange(payloads.tls_data(80), payloads.tls_data(300), think=0.01)
four.close()
case.write()
