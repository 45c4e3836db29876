from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=4)
for number in range(9):
    talk = case.conversation(client, server, 40100 + 2 * number, 80, rtt=0.001, start=0.008 * number)
    if number % 3 == 2:
        refusal = talk.server.refuse(talk.client.syn())
        case.expect(refusal, "undetermined", "passive", accept=["port-closed", "no-healthy-backend"], sure=None)
    else:
        talk.handshake()
        talk.exchange(payloads.http_request("/"), payloads.http_answer(80), think=0.0005)
        talk.close()
case.write()
