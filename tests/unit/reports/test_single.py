from __future__ import annotations

from io import BytesIO

from unit.reports.fakes import V6_CLIENT, V6_SERVER, verdict
from unit.reports.test_ladder import CONVERSATION
from whyrst.reports.conversation import Conversation
from whyrst.reports.numbering import numbers
from whyrst.reports.page import Page
from whyrst.reports.single import single


def shown(one, steps=CONVERSATION, impossible=()) -> str:
    out = BytesIO()
    connection = one.connection
    told = Conversation(connection.client, connection.server, steps, one.frame, numbers(one))
    single(Page(out), one, None, told, impossible)
    return out.getvalue().decode()


def test_one_reset_in_full():
    assert (
        shown(verdict(7), impossible=[("port-scan", "a single port was tried")])
        == """\
shop.pcap, frame 7, 2026-11-20 10:00:01.123Z
  10.0.0.5:8080 (server) -> 10.0.0.9:51234: RST,ACK
  connection, 1.12 s old, established
  client ESTABLISHED, sent 3,000 B; server ESTABLISHED, sent 120 B

data lost: close-with-unread-data  likely, 87%
  1,448 bytes of the client were never delivered

  1 type   active: a socket aborted itself
  2 trace  it answers frame 5 [1]
           + the server had acknowledged data of the client [frame 5] [2]
           + the window jumps from 512 to 64240 at the reset [frames 4, 6] [3]
           + the window was updated in between
           ? unknown whether the answer was complete
  3 rule   RFC 2525 section 2.17
  4 source net/ipv4/tcp.c: __tcp_close, unread data
           counter TCPAbortOnClose

  not      linger-zero (10%): its window would not have jumped
           port-scan: a single port was tried
  fix      Read to the end of the request before closing, or shut down and
           drain.
  be sure  nstat -az TcpExtTCPAbortOnClose on the server rises with each of them

LADDER
frame     seconds  client 10.0.0.9:51234              10.0.0.5:8080 server
    1    0.000000  |- SYN seq 0 win 64240 ------------------------------>|
    2    0.000120  |<-------------------- SYN,ACK seq 0 ack 1 win 65160 -|
    3    0.000150  |- ACK seq 1 ack 1 win 502 -------------------------->|
    4    0.000200  |- PSH,ACK seq 1:1449 ack 1 win 502 ----------------->| [3]
    5    0.200000  |- PSH,ACK seq 1:1449 ack 1 win 502 again ----------->| [1,2]
                   |             ... 60.80 s of silence ...              |
    6   61.000000  |<------------------------ ACK seq 1 ack 1449 win 10 -| [3]
    7   61.020000  |<=================== RST,ACK seq 1 ack 1449 win 501 =|
                   |     ... 1.98 s of silence (client 62.80 s) ...      |
    9   63.000000  |- FIN,ACK seq 1449 ack 1 win 502 ------------------->|

WIRESHARK
  tcp.stream eq 4
  frame.number in {4, 5, 6, 7}
"""
    )


def test_it_fits_80_columns():
    wide = verdict(7, client=V6_CLIENT, server=V6_SERVER, fix="x" * 300, capture="y" * 300, declared="z" * 300)
    assert max(len(line) for line in shown(wide).splitlines()) <= 80


def test_an_echo_and_a_missing_handshake_are_told():
    one = verdict(7, ordinal=3)
    assert "RST,ACK, reset 3 of its connection\n" in shown(one)
