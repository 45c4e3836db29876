from __future__ import annotations

from whyrst.lab.kernel_events import parse, render

TRACE = """\
# tracer: nop
         python3-26756   [000] ..s1.  4262.594125: tcp_send_reset: skbaddr=00000000 skaddr=00000000 src=127.0.0.1:9 \
dest=127.0.0.1:57888 state=UNKNOWN reason=NO_SOCKET
         python3-26756   [000] ..s1.  4262.745800: <stack trace>
 => trace_event_raw_event_tcp_send_reset
 => tcp_v4_send_reset
 => tcp_v4_rcv
         my prog-12      [001] .N...  4262.745923: tcp_receive_reset: family=AF_INET sport=57888 dport=9 \
saddr=127.0.0.1 daddr=127.0.0.1
"""


def test_an_event_gets_the_stack_that_follows_it():
    sent, received = parse(TRACE)
    assert sent.event == "tcp_send_reset"
    assert sent.fields["reason"] == "NO_SOCKET"
    assert sent.fields["src"] == "127.0.0.1:9"
    assert sent.stack == ("trace_event_raw_event_tcp_send_reset", "tcp_v4_send_reset", "tcp_v4_rcv")
    assert received.stack == ()
    assert received.task == "my prog"


def test_addresses_of_kernel_memory_are_not_shown():
    shown = render(parse(TRACE))
    assert "skaddr" not in shown
    assert "reason=NO_SOCKET" in shown
    assert shown.splitlines()[1] == "  trace_event_raw_event_tcp_send_reset"
