from __future__ import annotations

import re
from io import BytesIO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.reports.fakes import V6_CLIENT, V6_SERVER, Fake, verdict
from whyrst import model
from whyrst.reports import zeek
from whyrst.reports.page import View


def log(*batches):
    out = BytesIO()
    zeek.write(Fake(*batches), out, View())
    return out.getvalue().decode()


def cut(text, *names):
    """What zeek-cut prints: the columns by the names that the header gives."""
    lines = text.splitlines()
    (separator,) = (line.split(" ")[1] for line in lines if line.startswith("#separator "))
    separator = separator.encode().decode("unicode_escape")
    (fields,) = (line.split(separator)[1:] for line in lines if line.startswith("#fields"))
    rows = [line.split(separator) for line in lines if not line.startswith("#")]
    assert all(len(row) == len(fields) for row in rows)
    return [[row[fields.index(name)] for name in names] for row in rows]


def unescaped(text):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), text.encode()).decode()


def test_the_columns_are_found_by_their_names():
    text = log([verdict()], [], [verdict(client=V6_CLIENT, server=V6_SERVER, sender="client")])
    assert cut(text, "ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "sender_is_orig", "cause") == [
        ["1795168801.123456789", "10.0.0.9", "51234", "10.0.0.5", "8080", "F", "close-with-unread-data"],
        [
            "1795168801.123456789",
            "2001:db8:1234:5678:9abc:def0:1234:5678",
            "65535",
            "2001:db8:ffff:eeee:dddd:cccc:bbbb:aaaa",
            "65534",
            "T",
            "close-with-unread-data",
        ],
    ]
    assert cut(text, "duration", "orig_bytes", "community_id", "server_name", "incident")[0] == [
        "1.123457",
        "3000",
        "1:wCb3OG7yAFWelaUydu0D+125CLM=",
        "-",
        "-",
    ]


def test_the_header_is_zeek_s():
    text = log()
    assert text.splitlines()[:5] == [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\twhyrst",
    ]
    names, types = (text.splitlines()[at].split("\t")[1:] for at in (5, 6))
    assert len(names) == len(types) == len(set(names))
    assert set(types) <= {"time", "string", "addr", "port", "interval", "count", "bool", "double", "vector[string]"}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (None, "-"),
        ("", "(empty)"),
        ("-", "\\x2d"),
        ("(empty)", "\\x28empty)"),
        ("a\tb\nc\\x", "a\\x09b\\x0ac\\x5cx"),
        ("ä\x9b\u202e", "ä\\xc2\\x9b\\xe2\\x80\\xae"),
        ("\udc80", "\\x80"),
    ],
)
def test_text_is_escaped_as_zeek_does(text, field):
    assert zeek.string(text) == field


@given(st.text(), st.lists(st.text(min_size=1)))
def test_nothing_is_lost_and_nothing_breaks_out(text, parts):
    one = verdict(fix=text, evidence=tuple(model.Evidence("needed", "yes", part) for part in parts))
    ((fix, evidence),) = cut(log([one]), "fix", "evidence")
    assert fix.isprintable()
    assert evidence.isprintable()
    assert unescaped(fix) == (text or "(empty)")
    assert [unescaped(part) for part in evidence.split(",")] == (parts or ["(empty)"])


def test_names_of_a_capture_are_escaped():
    one = verdict()
    one = msgspec.structs.replace(one, connection=msgspec.structs.replace(one.connection, name="a\x1b[2J\tb"))
    assert cut(log([one]), "server_name") == [["a\\x1b[2J\\x09b"]]


def test_lines_are_written_in_pieces():
    many = [verdict(n) for n in range(1, 2 * zeek.LINES)]
    assert [frame for (frame,) in cut(log(many), "frame")] == [str(one.frame) for one in many]
