"""What the tracker knows of each direction: numbers, windows, repeats, probes, habits, payload."""
# ruff: noqa: SIM300 - cells have the names of constants, and are none

import pytest

from unit.connections.ladder import SHAKE, Ladder, play
from whyrst.fast.layout import Kind, Seg

MS = 1_000_000


def test_bytes_and_acknowledgements():
    text = "client >> SYN\nserver >> SYN,ACK wait=0.05\nclient >> ACK\nclient >> ACK len=1000\n"
    seen = play(text + "client >> PSH,ACK len=448 wait=0.01\nserver >> ACK wait=0.03")
    client = seen.client()
    assert (client.BYTES, client.SEGMENTS, client.SEGMENT_MAX) == (1448, 2, 1000)
    assert (client.NXT, client.ACKED, seen.server().ACK_SENT) == (2449, 2449, 2449)
    assert client.RTT == 30 * MS
    assert client.ACKED_MAX == 448
    assert client.ACKED_FRAME == 6


@pytest.mark.parametrize("text", ["client >> PSH,ACK len=500", "server >> ACK\nclient >> PSH,ACK len=500"])
def test_first_bytes_in_the_middle_of_a_conversation_all_count(text):
    seen = play(text)
    client = seen.client()
    assert (client.BYTES, client.NXT, seen.repeats("client")) == (500, 1500, 0)


def test_fast_open_data_counts_and_may_be_refused():
    text = "client >> SYN len=300\nserver >> SYN,ACK ack=1001\nclient >> ACK seq=1001\n"
    seen = play(text + "client >> PSH,ACK len=300 seq=1001")
    client = seen.client()
    assert (client.BYTES, client.NXT, client.ACKED, client.RETRANS) == (300, 1301, 1001, 1)
    assert seen.states() == ("ESTABLISHED", "ESTABLISHED")


def test_fast_open_data_taken_at_once():
    seen = play("client >> SYN len=300\nserver >> SYN,ACK\nserver >> PSH,ACK len=50\nclient >> ACK")
    assert seen.client().ACKED == 1301
    assert seen.repeats("client") == 0


def test_numbers_wrap():
    ladder = Ladder().write("client >> SYN seq=4294967000\nserver >> SYN,ACK seq=4294967295\nclient >> ACK")
    ladder.write("client >> PSH,ACK len=1000\nserver >> ACK\nserver >> PSH,ACK len=5\nclient >> ACK")
    ladder.write("client >> ACK seq=-1\nclient >> PSH,ACK len=10\nclient >> again wait=0.3")
    seen = play(ladder)
    client = seen.client()
    assert (client.NXT, client.BYTES, client.RETRANS, seen.probes("client")) == (715, 1010, 1, 1)
    assert play(ladder).server().NXT == 5
    assert play(ladder).g.MISSING == 0


def test_ladder_of_retransmissions():
    repeats = "".join(f"client >> again wait={0.2 * 2**k}\n" for k in range(5))
    seen = play(SHAKE + "client >> PSH,ACK len=100\n" + repeats)
    client = seen.client()
    assert (client.RETRANS, client.RETRANS_SEQ, client.RETRANS_LENGTH, client.RETRANS_FRAME) == (5, 1001, 100, 9)
    assert client.RETRANS_FIRST == seen.rows[3, Seg.TIME]
    assert client.RETRANS_LAST == seen.rows[8, Seg.TIME]
    assert client.BYTES == 100


def test_acknowledgement_ends_a_ladder():
    seen = play(SHAKE + "client >> PSH,ACK len=100\nclient >> again wait=0.2\nserver >> ACK")
    assert (seen.client().RETRANS, seen.repeats("client")) == (0, 1)
    assert seen.client().RTT == MS, "a repeated segment measures nothing (Karn); the SYN did"


def test_another_segment_begins_another_ladder():
    seen = play(
        SHAKE + "client >> ACK len=100\nclient >> ACK len=50\nclient >> ACK len=100 seq=1001 wait=1\n"
        "client >> ACK len=50 seq=1101\nclient >> ACK len=50 seq=1101 wait=2"
    )
    client = seen.client()
    assert (client.RETRANS, client.RETRANS_SEQ, seen.repeats("client")) == (2, 1101, 3)
    assert client.RETRANS_FIRST == seen.rows[4, Seg.TIME]


def test_larger_repeat_brings_new_bytes_only():
    seen = play(SHAKE + "client >> ACK len=100\nclient >> ACK len=300 seq=1001")
    client = seen.client()
    assert (client.BYTES, client.NXT, seen.repeats("client")) == (300, 1301, 0)


@pytest.mark.parametrize("length", [0, 1])
def test_keep_alive_probes(length):
    probe = f"client >> ACK seq=-1 len={length} wait=75\n"
    seen = play(SHAKE + "client >> PSH,ACK len=10\nserver >> ACK\n" + probe * 9)
    client = seen.client()
    assert (client.PROBES, seen.repeats("client"), client.BYTES) == (9, 0, 10)
    assert client.PROBE_LAST - client.PROBE_FIRST == 8 * 75 * 1000 * MS
    assert client.DATA_FRAME == 4


def test_answer_ends_the_probes():
    seen = play(SHAKE + "client >> ACK seq=-1 wait=75\nclient >> ACK seq=-1 wait=75\nserver >> ACK")
    assert (seen.client().PROBES, seen.probes("client")) == (0, 2)


def test_one_byte_below_what_is_not_acknowledged_is_no_probe():
    client = play(SHAKE + "client >> ACK len=1\nclient >> ACK seq=-1 len=1 wait=1").client()
    assert (client.PROBES, client.RETRANS) == (0, 1)


def test_zero_window_and_its_update():
    shut = SHAKE + "server >> ACK win=0\nclient >> ACK seq=-1 wait=0.2\nserver >> ACK win=0\n"
    server = play(shut).server()
    assert (server.ZERO_ACKS, server.ZERO_FRAME, server.WINDOW) == (1, 4, 0)
    seen = play(shut + "server >> ACK win=4000 wait=3")
    server = seen.server()
    assert (server.ZERO_SINCE, server.WINDOW, server.WINDOW_MAX) == (0, 4000, 4000)
    assert server.WINDOW_TIME == seen.rows[-1, Seg.TIME]


def test_window_scale_needs_both_syns():
    text = "client >> SYN wscale={}\nserver >> SYN,ACK wscale={}\nclient >> ACK win=100\nserver >> ACK win=10"
    seen = play(text.format(7, 2))
    assert (seen.client().SHIFT, seen.server().SHIFT) == (7, 2)
    assert (seen.client().EDGE, seen.server().EDGE) == (5001 + 12800, 1001 + 40)
    seen = play(text.format(7, -1))
    assert (seen.client().SHIFT, seen.client().EDGE) == (0, 5101)
    assert play(text.format(200, 15)).client().SHIFT == 14
    assert play("client >> ACK win=100").client().EDGE == -1


def test_bytes_acknowledged_and_not_yet_read():
    text = SHAKE + "server >> ACK win=502\nclient >> ACK len=300\nserver >> ACK win=202\n"
    server = play(text).server()
    assert (server.EDGE, server.ACK_SENT - server.EDGE_ACK) == (1503, 300)
    server = play(text + "server >> ACK win=502").server()
    assert (server.EDGE, server.ACK_SENT - server.EDGE_ACK) == (1803, 0)


def test_bytes_that_the_capture_lacks_leave_one_hole():
    text = SHAKE + "client >> ACK len=100\nserver >> ACK\nclient >> ACK len=100 seq=+100\n"
    assert play(text + "server >> ACK ack=1101\n" * 3).client().HOLES == 1


def test_challenge_ack_changes_nothing():
    seen = play(SHAKE + "client >> PSH,ACK len=10\nserver >> ACK\nclient >> RST seq=+5 aside\nserver >> ACK")
    assert seen.resets[0].own.CHALLENGED == seen.rows[-1, Seg.TIME]
    assert seen.resets[0].own.PEER_NEW == 0


def test_bytes_that_the_capture_missed():
    seen = play(SHAKE + "client >> ACK len=100\nclient >> ACK len=100 lost\nserver >> ACK")
    assert (seen.conn().MISSING, seen.g.MISSING, seen.client().NXT, seen.client().BYTES) == (1, 1, 1201, 100)
    seen = play(SHAKE + "client >> ACK len=100\nclient >> ACK len=100 lost\nclient >> ACK len=100")
    assert (seen.client().HOLES, seen.client().BYTES, seen.client().NXT) == (1, 200, 1301)
    seen = play(SHAKE + "client >> ACK len=100 lost\nclient >> ACK")
    assert (seen.client().HOLES, seen.client().NXT) == (1, 1101)


@pytest.mark.parametrize("number", ["+1073741824", "+2147483647", "+3000000000"])
def test_numbers_far_away_are_not_believed(number):
    seen = play(SHAKE + f"client >> ACK len=10\nserver >> ACK ack={number}\nclient >> ACK len=10 seq={number}")
    assert (seen.client().NXT, seen.client().BYTES, seen.g.MISSING) == (1011, 10, 0)


def test_habits_of_a_sender():
    seen = play(
        "client >> SYN ttl=64 id=7 ts=100 options=16 mss=1460 wscale=7 win=64240 mac=5\nserver >> SYN,ACK ttl=57\n"
        "client >> ACK ttl=63 id=8 ts=101 mac=6\nclient >> ACK len=1 ttl=64 id=500\nclient >> ACK ttl=64 id=0 tos=4"
    )
    client = seen.client()
    assert (client.TTL, client.TTL_MIN, client.TTL_MAX) == (64, 63, 64)
    assert (client.ID, client.ID_STEPS, client.ID_JUMPS, client.ID_ZERO) == (500, 1, 1, 1)
    assert (client.TS_WITH, client.TS_WITHOUT, client.TS_LAST) == (2, 2, 101)
    assert (client.SYN_OPTIONS, client.SYN_WINDOW, client.SYN_TTL, client.SYN_ID) == (16, 64240, 64, 7)
    assert (client.WSCALE, client.WINDOW, client.LINK) == (7, 502, -1)
    assert seen.server().ID_ZERO == 1


def test_reset_leaves_its_senders_habits_alone():
    client = play(SHAKE + "client >> RST ttl=200 id=9 win=77").client()
    assert (client.TTL, client.ID, client.PACKETS, client.RSTS, client.LAST_FRAME) == (64, -1, 2, 1, 3)


def test_kinds_of_payload():
    seen = play(
        SHAKE + "client >> PSH,ACK len=80 kind=HTTP_REQUEST\nclient >> again wait=0.3\n"
        "server >> PSH,ACK len=200 kind=HTTP_RESPONSE info=503 wait=2\n"
        "server >> PSH,ACK len=7 kind=TLS_ALERT info=552\n"
        "server >> PSH,ACK len=31 kind=TLS_ALERT"
    )
    client, server, conn = seen.client(), seen.server(), seen.conn()
    assert (client.REQUESTS, client.FIRST_KIND, client.FIRST_DATA_FRAME) == (1, Kind.HTTP_REQUEST, 4)
    assert (server.ANSWERS, server.STATUS, server.ALERT, server.ALERT_FRAME) == (1, 503, -2, 8)
    assert (server.FIRST_KIND, server.LAST_KIND) == (Kind.HTTP_RESPONSE, Kind.TLS_ALERT)
    assert (conn.DATA_SIDE, conn.TURN_FRAME) == (1, 6)


def test_silence_before_the_latest_new_byte():
    seen = play(
        SHAKE + "client >> ACK len=9 wait=60\nserver >> ACK\nclient >> ACK seq=-1 wait=30\nserver >> RST wait=9"
    )
    conn = seen.conn()
    assert (conn.IDLE_GAP, conn.IDLE_FRAME, conn.IDLE_SIDE) == (60_000 * MS, 4, 0)
