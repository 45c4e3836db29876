from __future__ import annotations

import pytest

from whyrst.lab import packets
from whyrst.lab.forge import Tap, look
from whyrst.lab.wire.segment import ACK, FIN, PSH, RST, SYN, Segment

ADDRESSES = {4: ("192.0.2.10", "198.51.100.20"), 6: ("2001:db8:1::10", "2001:db8:2::20")}
HERE, THERE = 40000, 80


def segment(family: int, *, back: bool = False, seq: int, ack: int = 0, flags: int = ACK, **fields: object) -> bytes:
    client, server = ADDRESSES[family]
    ends = [(client, HERE), (server, THERE)]
    source, target = reversed(ends) if back else ends
    told = Segment(sender="", sent=0.0, seq=seq, ack=ack, flags=flags, window=500, **fields)  # type: ignore[arg-type]
    return packets.build(source, target, told, ttl=61 if back else 64)


@pytest.fixture(params=[4, 6])
def family(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def tap(family: int) -> Tap:
    made = Tap()
    made.note(segment(family, seq=1000, flags=SYN))
    made.note(segment(family, back=True, seq=0xFFFFFFF0, ack=1001, flags=SYN | ACK))
    made.note(segment(family, seq=1001, ack=0xFFFFFFF1, flags=PSH | ACK, payload=b"x" * 100))
    made.note(segment(family, back=True, seq=0xFFFFFFF1, ack=1101, flags=PSH | ACK, payload=b"y" * 50))
    return made


def test_an_exact_reset_has_the_next_number_also_across_the_wrap(family: int, tap: Tap) -> None:
    forged = look(tap.forge((THERE, HERE)))
    assert forged is not None
    assert forged.header == packets.Header((THERE, HERE), 0x23, 0, RST, 0)
    assert (forged.source[0], forged.target[0]) == ADDRESSES[family][::-1]
    assert forged.ttl == 61


def test_a_step_an_ack_and_a_ttl_are_taken(tap: Tap) -> None:
    forged = look(tap.forge((HERE, THERE), step=1460, flags=RST | ACK, ttl=101))
    assert forged is not None
    assert (forged.header.seq, forged.header.ack, forged.ttl) == (1101 + 1460, 0x23, 101)


def test_repeats_and_resets_do_not_move_what_is_expected(family: int, tap: Tap) -> None:
    tap.note(segment(family, seq=1001, ack=0xFFFFFFF1, flags=PSH | ACK, payload=b"x" * 10))
    tap.note(segment(family, seq=9000, flags=RST))
    assert tap.expected((HERE, THERE)) == 1101
    tap.note(segment(family, seq=1101, ack=0x23, flags=FIN | ACK))
    assert tap.expected((HERE, THERE)) == 1102


def test_a_forged_packet_has_right_checksums(tap: Tap) -> None:
    data = tap.forge((THERE, HERE), payload=b"policy")
    assert packets.change(data, seq=0x23) == data


def test_what_is_not_tcp_is_not_looked_at(family: int) -> None:
    data = bytearray(segment(family, seq=1))
    data[6 if family == 6 else 9] = 17
    assert look(bytes(data)) is None
