from __future__ import annotations

import gzip
import json

import communityid
import pytest

from whyrst.capture.errors import CaptureError
from whyrst.cli.connections import LONGEST_LINE, PIECE, ConnectionsError, listed


def community_id(*ends):
    return communityid.CommunityID().calc(communityid.FlowTuple.make_tcp(*ends))


WEB = ("192.0.2.10", "198.51.100.7", 40300, 80)
V6 = ("2001:db8::1", "2001:db8::2", 40301, 443)
BOTH = {community_id(*WEB), community_id(*V6)}

TSV = """\
#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\tconn
#open\t2026-11-20-10-00-00
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tconn_state
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tstring
1795168800.520080\tCHhAvVGS1DHFjwGM9\t192.0.2.10\t40300\t198.51.100.7\t80\ttcp\thttp\tRSTR
1795168800.520081\tCUM0KZ3MLUfNB0cl11\t192.0.2.10\t40300\t198.51.100.7\t80\tudp\t-\tSF
1795168800.520082\tCwFs1P2UcUdlSxD2La\t2001:db8::1\t40301\t2001:db8::2\t443\ttcp\tssl\tRSTO
#close\t2026-11-20-11-00-00
"""


def record(a, b, a_port, b_port, **more):
    return {"id.orig_h": a, "id.orig_p": a_port, "id.resp_h": b, "id.resp_p": b_port, "proto": "tcp"} | more


@pytest.fixture
def read(tmp_path):
    def read(data):
        path = tmp_path / "conn.log"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return listed(str(path))

    return read


def test_zeek_s_log_is_read(read):
    assert read(TSV) == BOTH
    assert read(TSV.replace("\n", "\r\n")) == BOTH
    assert read(gzip.compress(TSV.encode())) == BOTH


def test_columns_are_found_by_name_and_separator(read):
    data = "#separator \\x7c\n#fields|id.resp_p|id.resp_h|id.orig_p|id.orig_h\n80|198.51.100.7|40300|192.0.2.10"
    assert read(data) == {community_id(*WEB)}


@pytest.mark.parametrize("nested", [False, True])
def test_zeek_s_json_is_read(read, nested):
    records = [record(*WEB, ts=1.5), record(*V6), record(*WEB, proto="udp")]
    if nested:
        places = ("orig_h", "orig_p", "resp_h", "resp_p")
        records = [one | {"id": {name: one.pop(f"id.{name}") for name in places}} for one in records]
    assert read("\n".join(map(json.dumps, records))) == BOTH


def test_bare_ids_are_read(read):
    assert read("# of last night\n\n" + "\n".join(sorted(BOTH)) + "\n") == BOTH
    assert read("\n") == frozenset()


def test_long_lists_come_in_pieces(read):
    ends = [(f"10.{n >> 8 & 255}.{n & 255}.9", "10.0.0.1", 1024 + n % 50_000, 443) for n in range(60_000)]
    text = "\n".join(community_id(*one) for one in ends[:50]) + "\n" + "\n".join(sorted(BOTH) * 25_000)
    assert len(text) > PIECE
    assert len(read(text)) == 52


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("hello", 'line 1: neither a Zeek log line nor a Community ID: "hello"'),
        ("1:short=", "line 1: neither"),
        (f"{min(BOTH)}\n\x1b[2J", 'line 2: neither a Zeek log line nor a Community ID: "\\x1b[2J"'),
        ("#separator tab\n", "line 1: no separator"),
        ("#fields\tts\tuid\n", "line 1: the log has no column id.orig_h"),
        (TSV + "1\t2\n", "line 13: it has 2 columns, but the header names 9"),
        (TSV.replace("\t443", "\t70000"), 'line 11: no port can be "70000"'),
        (TSV.replace("2001:db8::1", "-"), "line 11: '-' does not appear to be an IPv4 or IPv6 address"),
        ('{"a":', "line 1: no valid JSON"),
        ("\n\n" + json.dumps({"id.orig_h": "::1"}), "line 3: it has no id.orig_p"),
        (json.dumps(record(*WEB[:3], "80; rm")), 'line 1: no port can be "80; rm"'),
        ("x" * (LONGEST_LINE + PIECE), "a line is longer than"),
        (gzip.compress(TSV.encode())[:-30], "the gzip data ends early"),
    ],
)
def test_what_cannot_be_understood_is_one_error(read, data, reason):
    with pytest.raises(ConnectionsError) as caught:
        read(data)
    assert reason in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_missing_list_is_an_error():
    with pytest.raises(CaptureError, match="No such file"):
        listed("/nowhere")
