"""Writes examples/resets.pcap: one afternoon of a small service, with resets of many causes.

Written from the facts of real stacks (see src/whyrst/lab/wire), so that the first run of whyrst shows what it can do
without a network. `python examples/make.py` makes the same bytes again.
"""

from __future__ import annotations

from pathlib import Path

from whyrst.lab.wire import ACK, RST, Capture, Host, payloads

capture = Capture("client", seed=7)
office = Host("192.0.2.10")
web = Host("198.51.100.7", hops=5, changes={"scale": 10, "window": 64})
database = Host("198.51.100.20", hops=5)
abroad = Host("203.0.113.80", hops=13)


def refused() -> None:
    """Nothing listens on 8080, though SSH works."""
    talk = capture.conversation(office, web, 40100, 22, start=0.1)
    talk.handshake()
    talk.exchange(b"SSH-2.0-OpenSSH_9.6\r\n", b"SSH-2.0-OpenSSH_9.2p1\r\n", think=0.002)
    talk.close()
    for number in range(3):
        talk = capture.conversation(office, web, 40110 + number, 8080, start=0.5 + 1.3 * number)
        talk.server.refuse(talk.client.syn())


def upload_cut_short() -> None:
    """The server answers 413 and closes with most of the upload unread."""
    talk = capture.conversation(office, web, 40200, 80, rtt=0.004, start=6.0)
    talk.handshake()
    talk.client.send(payloads.http_request("/upload", method="POST", body=200_000))
    talk.server.ack()
    for number in range(0, 40, 4):
        talk.client.stream(b"u" * 4 * 1448)
        talk.server.window = max(8, 64 - 56 * (number + 4) // 40)
        talk.server.ack()
    talk.wait(0.3)
    talk.server.send(payloads.http_answer(20, "413 Content Too Large", extra="Connection: close\r\n"))
    talk.server.abort(window=77)


def keep_alive_races() -> None:
    """The server's keep-alive timeout of 5 s ends just as the next request leaves."""
    for number in range(3):
        talk = capture.conversation(office, web, 40300 + 2 * number, 80, rtt=0.020, start=10.0 + 1.7 * number)
        talk.handshake()
        answer = talk.exchange(payloads.http_request("/a"), payloads.http_answer(400), think=0.004)[-2]
        fin = talk.server.fin(at=answer.sent + 5.001)
        request = talk.client.send(payloads.http_request("/b"), at=fin.sent + 0.003)
        talk.server.refuse(request, known=True)


def idle_for_too_long() -> None:
    """A device on the path forgets connections that were silent for 350 s."""
    for number, silence in enumerate((351.2, 350.4, 352.9)):
        talk = capture.conversation(office, database, 40400 + 2 * number, 5432, rtt=0.008, start=20 + 1.1 * number)
        talk.handshake()
        quiet = talk.exchange(b"Q\0\0\0\x0dSELECT 1\0", b"T\0\0\0\x20" + bytes(60), think=0.002)[-1]
        again = talk.client.send(b"Q\0\0\0\x0dSELECT 2\0", at=quiet.sent + silence, lost=True)
        talk.server.refuse(again, at=again.sent + 0.0031, ttl=250)


def forbidden_name() -> None:
    """Somebody on the path does not like the server name and forges resets."""
    talk = capture.conversation(office, abroad, 40500, 443, rtt=0.060, start=30.0)
    talk.handshake()
    hello = talk.client.send(payloads.client_hello("blocked.example.org"))
    start = talk.server.nxt
    for number, step in enumerate((0, 1460, 4380)):
        fields = {"ttl": 101 + number, "ip_id": 1000 + number, "window": 3000 + number, "df": False}
        when = hello.sent + 0.0052 + 0.00004 * number
        talk.forge(talk.server, at=when, seq=start + step, ack=hello.end, flags=RST | ACK, **fields)
    late = talk.server.stream(payloads.server_hello(), at=talk.server.arrival(hello) + 0.001)
    for number, segment in enumerate(late):
        talk.client.refuse(segment, at=talk.client.arrival(segment) + 0.00008 + 0.00001 * number)


def impatient_client() -> None:
    """The client waits 30 s for an answer that does not come."""
    talk = capture.conversation(office, web, 40600, 80, rtt=0.004, start=40.0)
    talk.handshake()
    request = talk.client.send(payloads.http_request("/report"))
    talk.server.ack()
    talk.client.abort(at=request.sent + 30.001)


for scene in (refused, upload_cut_short, keep_alive_races, idle_for_too_long, forbidden_name, impatient_client):
    scene()
capture.write(Path(__file__).with_name("resets.pcap"), snaplen=160)
