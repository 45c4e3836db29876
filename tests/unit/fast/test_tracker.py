"""Which connection a segment belongs to, who is the client, and what is a copy."""
# ruff: noqa: SIM300 - cells have the names of constants, and are none

import pytest

from unit.connections.ladder import ADDRESSES, IPV4, SHAKE, Ladder, play
from whyrst.fast.layout import Quality, Seg

V6 = {"client": (0x20010DB8 << 32, 1), "server": (-0x2001000000000000, -1)}
CLOSE = "client >> FIN,ACK\nserver >> FIN,ACK\nclient >> ACK\n"


def test_handshake_and_data():
    seen = play(SHAKE + "client >> PSH,ACK len=500 wait=0.2\nserver >> ACK\nserver >> RST")
    assert seen.states() == ("RESET", "RESET")
    conn = seen.conn()
    assert (conn.KNOWN, conn.PACKETS, conn.PORTS) == (1, 6, 40000 << 16 | 80)
    assert conn.T_SYN < conn.T_SYNACK < conn.T_ACK
    assert seen.client().BYTES == 500
    (reset,) = seen.resets
    assert reset.states == ("ESTABLISHED", "ESTABLISHED")
    assert reset.own.SIDE == 1
    assert reset.segment.FRAME == 6


@pytest.mark.parametrize("addresses", [ADDRESSES, V6], ids=["v4", "v6"])
def test_both_directions_are_one_connection(addresses):
    seen = play(Ladder(addresses=addresses).write(SHAKE + CLOSE))
    assert seen.g.STREAMS == 1
    assert seen.conn().CLIENT_LO == addresses["client"][1]
    assert seen.conn().SERVER_HI == addresses["server"][0]


def test_same_ports_at_both_ends():
    seen = play(Ladder(ports=(7000, 7000)).write(SHAKE + "client >> ACK len=3\nserver >> ACK len=4"))
    assert seen.g.STREAMS == 1
    assert (seen.client().BYTES, seen.server().BYTES) == (3, 4)


def test_connection_to_oneself():
    addresses = {"client": (0, IPV4 | 1), "server": (0, IPV4 | 1)}
    assert play(Ladder((7000, 7000), addresses).write(SHAKE)).g.STREAMS == 1


def test_syn_with_another_number_is_another_connection():
    seen = play(SHAKE + CLOSE + "client >> SYN seq=900000 wait=70\nserver >> SYN,ACK seq=70000\nclient >> ACK")
    assert seen.g.STREAMS == 2
    assert seen.states() == ("ESTABLISHED", "ESTABLISHED")
    conn = seen.conn()
    assert (conn.OLD_STREAM, conn.OLD_FINS, conn.OLD_ISN) == (0, 3, 1000)
    assert conn.OLD_CLIENT_NXT == 1002
    assert seen.server().ISN == 70000
    assert seen.g.LIVE == 1
    assert seen.g.FINISHED == 1


def test_repeated_syn_is_the_same_connection():
    seen = play("client >> SYN\nclient >> again wait=1\nclient >> again wait=2\nserver >> SYN,ACK")
    assert seen.g.STREAMS == 1
    assert seen.client().SYNS == 3
    assert seen.repeats("client") == 2


def test_reuse_from_the_other_side_swaps_the_ends():
    seen = play(SHAKE + "client >> RST,ACK\nserver >> SYN seq=333333 wait=2")
    assert seen.g.STREAMS == 2
    conn = seen.conn()
    assert conn.PORTS == 80 << 16 | 40000
    assert (conn.OLD_CLIENT_NXT, conn.OLD_FINS) == (5001, 4)
    assert seen.resets[0].own.SYN_AFTER == seen.rows[4, Seg.TIME]


def test_syn_ack_after_the_end_starts_anew():
    seen = play(SHAKE + CLOSE + "client >> SYN seq=900000 lost\nserver >> SYN,ACK seq=70000 wait=2")
    assert seen.g.STREAMS == 2
    assert seen.states() == ("ESTABLISHED", "SYN_RECEIVED")


def test_old_connection_may_still_be_seen_in_the_log():
    seen = play(SHAKE + "client >> RST\n" + "client >> SYN seq=900000 wait=70")
    assert seen.log(0).T_END == seen.rows[3, Seg.TIME]
    assert (seen.log(0).STREAM, seen.log(1).STREAM) == (0, 1)


@pytest.mark.parametrize(
    ("ports", "client_first"),
    [((40000, 80), True), ((5000, 40000), False), ((443, 50000), False), ((5000, 6500), False), ((5000, 5001), True)],
)
def test_client_of_a_conversation_begun_before_the_capture(ports, client_first):
    seen = play(Ladder(ports).write("client >> PSH,ACK len=10\nserver >> PSH,ACK len=20"))
    conn = seen.conn()
    assert conn.KNOWN == 0
    assert conn.PORTS == (ports[0] << 16 | ports[1] if client_first else ports[1] << 16 | ports[0])
    assert seen.states() == ("ESTABLISHED", "ESTABLISHED")
    counts = (seen.client().BYTES, seen.server().BYTES)
    assert counts == ((10, 20) if client_first else (20, 10))


def test_reset_alone_is_a_connection():
    seen = play("server >> RST,ACK ack=1001")
    assert seen.g.STREAMS == seen.g.RESETS == 1
    assert seen.resets[0].states == ("CLOSED", "CLOSED")
    assert seen.resets[0].answers == 0


def test_copies_with_the_same_ip_id_are_counted_and_are_no_evidence():
    ladder = Ladder()
    for number, line in enumerate([*SHAKE.strip().splitlines(), "client >> PSH,ACK len=9", "server >> ACK"], 1):
        sender = line.split()[0]
        ladder.write(f"{line} id={number}\n{sender} >> again wait=0.002")
    seen = play(ladder)
    conn = seen.conn()
    assert (conn.PACKETS, conn.COPIES, seen.g.COPIES, seen.g.PROVEN) == (5, 5, 5, 5)
    assert (seen.repeats("client"), seen.client().BYTES) == (0, 9)
    assert (seen.rows[1::2, Seg.QUALITY] & Quality.COPY).all()
    assert not (seen.rows[::2, Seg.QUALITY] & Quality.COPY).any()


def test_copy_of_a_reset_is_no_second_reset():
    seen = play(Ladder().write(SHAKE + "server >> RST id=77\n").write("server >> RST id=77 wait=0.001"))
    assert seen.g.RESETS == 1
    assert seen.resets[0].own.COPIES == 1


def test_resets_without_id_are_copies_in_a_capture_that_shows_all_twice():
    ladder = Ladder()
    for line in [*SHAKE.strip().splitlines(), "client >> PSH,ACK len=9"]:
        ladder.write(f"{line}\n{line.split()[0]} >> again wait=0.000003")
    ladder.write("server >> RST seq=5001\nserver >> RST seq=5001 wait=0.000003")
    seen = play(ladder)
    assert (seen.g.RESETS, seen.conn().COPIES) == (1, 5)
    assert seen.repeats("client") == 0


def test_equal_resets_for_stray_segments_are_no_copies():
    stray = "client >> ACK len=100 ack=5001\n" * 3
    seen = play(SHAKE + stray + "server >> RST seq=5001 wait=0.00001\n" * 3)
    assert seen.g.RESETS == 3
    assert seen.g.COPIES == 0
    assert [r.own.NUMBER for r in seen.resets] == [1, 2, 3]
    assert [r.own.RSTS_EQUAL for r in seen.resets] == [2, 1, 0]
    assert {r.own.FITTING for r in seen.resets} == {4}


def test_retransmission_is_no_copy():
    seen = play(SHAKE + "client >> PSH,ACK len=100\nclient >> again wait=0.2")
    assert seen.g.COPIES == 0
    assert seen.repeats("client") == 1


def test_retransmission_with_an_ip_id_of_its_own_is_no_copy():
    seen = play(SHAKE + "client >> PSH,ACK len=100 id=50\nclient >> again id=51 wait=0.01")
    assert seen.g.COPIES == 0
    assert seen.repeats("client") == 1


def test_keep_alives_far_apart_are_no_copies():
    seen = play(SHAKE + "client >> ACK seq=-1 id=5 wait=10\n" + "client >> ACK seq=-1 id=5 wait=0.06\n")
    assert seen.g.COPIES == 0
    assert seen.client().PROBES == 2


def test_packets_that_go_back_in_time_are_counted():
    seen = play(SHAKE + "client >> ACK len=5 wait=-1\nserver >> ACK")
    assert seen.g.BACKWARDS == 2
    assert seen.conn().LAST_TIME == seen.rows[2, Seg.TIME]


def test_what_capturing_did_to_packets_is_counted():
    seen = play("client >> SYN quality=1\nserver >> SYN,ACK quality=8\nclient >> ACK len=9000 quality=4 lost")
    assert (seen.g.CUT, seen.g.BAD_CHECKSUM, seen.g.OFFLOAD) == (1, 1, 0)
    seen = play(SHAKE + "client >> ACK len=9000 quality=4\nclient >> ACK len=100 quality=2\nserver >> ACK quality=16")
    assert seen.g.OFFLOAD == 2
    assert (seen.client().UNSUMMED, seen.server().UNSUMMED) == (0, 1)


def test_refused_syn_that_is_repeated_is_the_same_attempt():
    again = "client >> again wait=0.5\nserver >> RST,ACK seq=0\n"
    seen = play("client >> SYN\nserver >> RST,ACK seq=0\n" + 2 * again)
    assert seen.g.STREAMS == 1
    assert [reset.answers for reset in seen.resets] == [1, 3, 5]
    assert [reset.own.PEER_AFTER for reset in seen.resets] == [2, 1, 0]
    assert [reset.own.PEER_NEW for reset in seen.resets] == [0, 0, 0]
    assert {reset.own.SYN_AFTER for reset in seen.resets} == {0}
