from __future__ import annotations

from whyrst.lab.wire import Case, Host, payloads

case = Case(__file__)
talk = case.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=7), 51000, 80)
talk.handshake()
talk.exchange(payloads.http_request("/a"), payloads.http_answer(400), think=0.004)
talk.wait(2)
request = talk.client.send(payloads.http_request("/b"), lost=True)
for number in range(4):
    talk.client.again(request, at=request.sent + 0.22 * (2 ** (number + 1) - 1), lost=True)
aborts = ["linger-zero", "close-with-unread-data", "admin-kill", "socket-disconnect", "process-crash"]
aborts.append("undetermined")
case.expect(talk.client.abort(at=request.sent + 3.71), "application-abort", "active", accept=aborts, sure=None)
case.write()
