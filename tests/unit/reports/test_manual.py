from __future__ import annotations

from io import BytesIO

import pytest

from whyrst.causes.cause import Cause
from whyrst.reports.manual import find, manual, near, table
from whyrst.reports.page import Page

UNREAD = Cause(
    id="close-with-unread-data",
    title="The program closed the socket before it had read everything",
    type="active",
    fix="Read to the end.",
    to_be_sure="nstat -az TcpExtTCPAbortOnClose",
    rfc=("RFC 2525 section 2.17", "RFC 9293 section 3.10.7.1"),
    kernel=("net/ipv4/tcp.c: __tcp_close, unread data",),
    counter="TCPAbortOnClose",
    reasons=("TCP_ABORT_ON_CLOSE",),
    manual="""The program closed the socket before it had read everything.

## What happened
A long paragraph that goes on
over several lines of the source and has to be put together and wrapped again to the width of the page.

    $ nstat -az

- first
  point
- second point

## Fix
Read.
""",
)
LINGER = Cause(
    id="linger-zero",
    title="SO_LINGER with a timeout of zero",
    type="active",
    fix="Remove it.",
    to_be_sure="strace",
    rfc=("RFC 9293 section 3.10.4",),
    kernel=("net/ipv4/tcp.c: __tcp_close -> tcp_disconnect",),
    counter="TCPAbortOnData",
    reasons=("TCP_STATE",),
    no_lab="none is possible",
)
CAUSES = {one.id: one for one in (UNREAD, LINGER)}


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("linger-zero", ["linger-zero"]),
        (" Linger-Zero ", ["linger-zero"]),
        ("TCP_ABORT_ON_CLOSE", ["close-with-unread-data"]),
        ("tcp_abort_on_close", ["close-with-unread-data"]),
        ("SK_RST_REASON_TCP_ABORT_ON_CLOSE", ["close-with-unread-data"]),
        ("TCPAbortOnData", ["linger-zero"]),
        ("TcpExtTCPAbortOnData", ["linger-zero"]),
        ("RFC 2525", ["close-with-unread-data"]),
        ("rfc2525", ["close-with-unread-data"]),
        ("9293", ["close-with-unread-data", "linger-zero"]),
        ("RFC 9293 section 3.10.7", ["close-with-unread-data"]),
        ("RFC 9293 section 3.10", ["close-with-unread-data", "linger-zero"]),
        ("RFC 9293 section 3.1", []),
        ("RFC 2525 2.17", ["close-with-unread-data"]),
        ("RFC 252", []),
        ("__tcp_close", ["close-with-unread-data", "linger-zero"]),
        ("tcp_disconnect()", ["linger-zero"]),
        ("no-such-thing", []),
        ("", []),
        ("(", []),
    ],
)
def test_names_that_people_meet(name, ids):
    assert [one.id for one in find(CAUSES, name)] == ids


def test_near_names():
    assert near(CAUSES, "linger-zer") == ["linger-zero"]
    assert near(CAUSES, "TCPAbortOnClosed")[0] == "TCPAbortOnClose"
    assert near(CAUSES, "qqqq") == []


def test_a_manual():
    out = BytesIO()
    manual(Page(out, 60), UNREAD)
    assert (
        out.getvalue().decode()
        == """\
close-with-unread-data

  The program closed the socket before it had read
  everything.

What happened
  A long paragraph that goes on over several lines of the
  source and has to be put together and wrapped again to the
  width of the page.
    $ nstat -az

  - first point
  - second point

Fix
  Read.

References
  rule     RFC 2525 section 2.17, RFC 9293 section 3.10.7.1
  kernel   net/ipv4/tcp.c: __tcp_close, unread data
  reason   TCP_ABORT_ON_CLOSE
  counter  TCPAbortOnClose
  be sure  nstat -az TcpExtTCPAbortOnClose
  since    0.1
"""
    )


def test_a_manual_says_why_there_is_no_scenario():
    out = BytesIO()
    manual(Page(out), LINGER)
    assert b"  lab      none: none is possible\n" in out.getvalue()


def test_a_table():
    out = BytesIO()
    table(Page(out, 50), CAUSES.values())
    assert (
        out.getvalue().decode()
        == """\
close-with-unread-data  The program closed the
                        socket before it had read
                        everything
linger-zero             SO_LINGER with a timeout
                        of zero
"""
    )
