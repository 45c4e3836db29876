from __future__ import annotations

import re

import pytest

from whyrst.trace.bpftrace import LINES, script

REASONS = {0: "SK_RST_REASON_NOT_SPECIFIED", 1: "SK_RST_REASON_NO_SOCKET", 11: "SK_RST_REASON_TCP_ABORT_ON_CLOSE"}


class Kernel:
    """What the script asks of a kernel's BTF."""

    def __init__(self, arguments, missing=()):
        self._arguments = arguments
        self._missing = missing

    def enum(self, name):
        return REASONS if name == "sk_rst_reason" and self._arguments == 3 else {}

    def tracepoint(self, name):
        return None if name in self._missing else self._arguments if name == "tcp_send_reset" else 1

    def parameters(self, name):
        return None if name in self._missing else ("sk", "skb")


def test_a_kernel_with_reasons():
    text = script(Kernel(3))
    assert '@reason[11] = "TCP_ABORT_ON_CLOSE";' in text
    assert "tracepoint:tcp:tcp_send_reset {" in text
    assert "kprobe:" not in text


def test_a_kernel_without_reasons():
    text = script(Kernel(2))
    assert "@reason" not in text
    assert re.findall(r"kprobe:(\w+)", text) == ["tcp_send_active_reset", "tcp_v4_send_reset", "tcp_v6_send_reset"]
    assert "gives no reasons" in text


def test_what_the_kernel_lacks_is_said_or_left_out():
    text = script(Kernel(2, missing={"tcp_v6_send_reset", "tcp_receive_reset", "tcp_destroy_sock"}))
    assert "no function tcp_v6_send_reset" in text
    assert "tcp_receive_reset" not in text
    assert "tcp_destroy_sock" not in text


@pytest.mark.parametrize("arguments", [2, 3])
def test_output_is_bounded_and_brackets_match(arguments):
    text = script(Kernel(arguments))
    assert text.count(f"@lines <= {LINES}") == (3 if arguments == 3 else 4) - (arguments == 3)
    for opening, closing in ("{}", "()", "[]"):
        plain = re.sub(r'"[^"]*"', "", text)
        assert plain.count(opening) == plain.count(closing)
    assert max(map(len, text.splitlines())) <= 120
