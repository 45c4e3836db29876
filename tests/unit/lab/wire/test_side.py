from __future__ import annotations

import pytest

from whyrst.lab.wire import ACK, FIN, RST, Capture, Host
from whyrst.lab.wire import options as opt


def talk(client="linux", server="linux", address="192.0.2.10", peer="198.51.100.7", rtt=0.02):
    return Capture(seed=3).conversation(Host(address, os=client), Host(peer, os=server), 40000, 80, rtt=rtt)


def stamp(segment):
    assert segment.options[:4] == b"\x01\x01\x08\x0a"
    return int.from_bytes(segment.options[4:8], "big"), int.from_bytes(segment.options[8:12], "big")


def test_an_active_reset_of_linux_continues_its_sender():
    one = talk()
    one.handshake()
    last = one.exchange(b"ask", b"answer")[-2]
    reset = one.server.abort()
    assert (reset.flags, reset.seq, reset.ack) == (RST | ACK, last.end, one.client.nxt)
    assert reset.ip_id == (last.ip_id + 1) & 0xFFFF
    assert reset.window == last.window > 0
    assert stamp(reset)[0] > stamp(last)[0]


def test_an_active_reset_of_windows_has_window_zero_and_the_hosts_next_ip_id():
    one = talk("windows")
    one.handshake()
    last = one.client.send(b"x")
    reset = one.client.abort()
    assert (reset.flags, reset.window, reset.options, reset.ttl) == (RST | ACK, 0, b"", 128)
    assert reset.ip_id == (last.ip_id + 1) & 0xFFFF


def test_a_passive_reset_answers_what_it_cannot_take():
    one = talk()
    one.handshake()
    data = one.client.send(b"x", tos=0x20)
    reset = one.server.refuse(data)
    assert (reset.flags, reset.seq, reset.ack, reset.window) == (RST, data.ack, 0, 0)
    assert (reset.options, reset.ip_id, reset.tos) == (b"", 0, 0x20)
    assert 0 < reset.sent - one.server.arrival(data) < 0.0003


def test_a_refused_syn_is_acknowledged():
    one = talk()
    syn = one.client.syn()
    reset = one.server.refuse(syn)
    assert (reset.flags, reset.seq, reset.ack) == (RST | ACK, 0, (syn.seq + 1) % 2**32)


def test_flow_labels_tell_a_live_socket():
    one = talk(address="2001:db8::1", peer="2001:db8::2")
    _, answer, _ = one.handshake()
    data = one.client.send(b"x")
    assert one.server.refuse(data, known=True).flow == answer.flow
    assert one.server.refuse(data).flow not in {0, answer.flow}


def test_options_hold_only_when_both_offer_them():
    one = talk("linux", "windows")
    syn, syn_ack, ack = one.handshake()
    assert len(syn.options) == 20
    assert syn_ack.options == opt.mss(1460) + b"\x01" + opt.window_scale(8) + b"\x01\x01" + opt.SACK_OK
    assert ack.options == b""
    assert one.client.scale == 7
    other = talk("linux", "lwip")
    other.handshake()
    assert (other.client.scale, other.client.stamps) == (None, False)


def test_linux_counts_ip_ids_by_connection_and_not_in_the_syn_ack():
    one = talk()
    syn, syn_ack, ack = one.handshake()
    assert ack.ip_id == (syn.ip_id + 1) & 0xFFFF
    assert syn_ack.ip_id == 0
    first, second = one.server.send(b"a"), one.server.send(b"b")
    assert second.ip_id == (first.ip_id + 1) & 0xFFFF


def test_only_what_has_arrived_is_acknowledged():
    one = talk(rtt=0.02)
    one.handshake()
    fin = one.server.fin()
    crossing = one.client.send(b"x", at=fin.sent + 0.001)
    later = one.client.send(b"y", at=fin.sent + 0.011)
    assert crossing.ack == fin.seq
    assert later.ack == fin.end


def test_lost_and_early_segments():
    one = talk()
    one.handshake()
    first = one.client.send(b"abc", lost=True)
    one.client.send(b"def")
    assert one.server.ack().ack == first.seq
    again = one.client.again(first)
    assert (again.seq, again.payload) == (first.seq, b"abc")
    assert again.ip_id != first.ip_id
    assert one.server.ack().ack == (first.seq + 6) % 2**32


def test_unread_data_closes_the_window():
    one = talk()
    one.handshake()
    one.server.reading = False
    before = one.server.window
    one.client.send(b"x" * 1280)
    assert one.server.ack().window == before - 10


def test_a_probe_lies_below_the_next_number():
    one = talk("windows")
    one.handshake()
    probe = one.client.probe()
    assert (probe.seq + 1) % 2**32 == one.client.nxt
    assert probe.payload == b"\0"
    assert one.server.ack().ack == one.client.nxt


def test_closing_takes_one_number_each():
    one = talk()
    one.handshake()
    first, second, last = one.close()
    assert first.flags == second.flags == FIN | ACK
    assert second.ack == first.end
    assert (last.seq, last.ack, last.flags) == (first.end, second.end, ACK)


@pytest.mark.parametrize("seconds", [0.5, 30])
def test_waiting_moves_the_next_step_and_the_clock_of_its_timestamps(seconds):
    one = talk()
    one.handshake()
    first = one.client.send(b"x")
    one.wait(seconds)
    second = one.client.send(b"y")
    assert second.sent - first.sent == pytest.approx(seconds + 0.00002)
    assert stamp(second)[0] - stamp(first)[0] == round(seconds * 1000)


def test_every_field_can_be_overridden():
    one = talk()
    syn = one.client.syn(window=1024, options=b"", ip_id=54321, seq=5, ttl=242)
    assert (syn.window, syn.options, syn.ip_id, syn.seq, syn.ttl) == (1024, b"", 54321, 5, 242)
    assert one.server.syn_ack().ack == 6
    assert one.client.abort(flags=RST, ack=0, window=9300).window == 9300


def test_a_segment_from_another_address_is_not_taken():
    one = talk()
    one.handshake()
    stray = one.server.send(b"x" * 10, source="203.0.113.9")
    assert one.client.ack().ack == stray.seq
    reset = one.client.refuse(stray, destination="203.0.113.9")
    assert reset.seq == stray.ack
