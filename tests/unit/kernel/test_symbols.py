from __future__ import annotations

from whyrst.kernel.symbols import Symbols

TABLE = """\
ffffffff81000000 T _stext
ffffffff81000100 t tcp_v4_send_reset
ffffffff81000200 T tcp_v4_rcv
ffffffff81000300 D some_data
ffffffff81000400 t bpf_trace_run3
ffffffffc0000000 t nf_send_reset\t[nf_reject_ipv4]
"""


def test_an_address_belongs_to_the_function_before_it():
    symbols = Symbols(TABLE)
    assert symbols.name(0xFFFFFFFF81000110) == "tcp_v4_send_reset"
    assert symbols.name(0xFFFFFFFF81000350) == "tcp_v4_rcv"
    assert symbols.name(0xFFFFFFFFC0000010) == "nf_send_reset"


def test_an_address_below_all_functions_stays_a_number():
    assert Symbols(TABLE).name(0x10) == "0x10"


def test_the_frames_of_the_probe_are_left_out():
    addresses = [0xFFFFFFFFC0000900, 0xFFFFFFFF81000404, 0xFFFFFFFF81000110, 0xFFFFFFFF81000210]
    assert Symbols(TABLE).stack(addresses) == ("tcp_v4_send_reset", "tcp_v4_rcv")


def test_hidden_addresses_are_noticed():
    hidden = Symbols("0000000000000000 T tcp_v4_rcv\n")
    assert hidden.hidden
    assert hidden.name(0x1234) == "0x1234"


def test_trampolines_that_look_like_the_last_function_are_left_out():
    addresses = [0xFFFFFFFF81000310, 0xFFFFFFFF81000210, 0xFFFFFFFF81000110, 0xFFFFFFFF81000210]
    assert Symbols(TABLE).stack(addresses) == ("tcp_v4_send_reset", "tcp_v4_rcv")


def test_a_table_that_a_sandbox_took_away_is_a_hidden_one(monkeypatch, tmp_path):
    monkeypatch.setattr("whyrst.kernel.symbols.PLACE", tmp_path / "kallsyms")
    assert Symbols().hidden
    assert Symbols().stack([0xFFFFFFFF81000110]) == ()
