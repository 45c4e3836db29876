from __future__ import annotations

import re
from io import BytesIO

import msgspec
import pytest

from unit.reports.fakes import INCIDENT, V6_CLIENT, V6_SERVER, Fake, quality, verdict
from whyrst.model import Damage
from whyrst.reports.page import View
from whyrst.reports.text import write


def report(*batches, view=None, **more) -> str:
    out = BytesIO()
    write(Fake(*batches, **more), out, view or View(names=("shop.pcap",)))
    return out.getvalue().decode()


def test_one_reset():
    shown = report([verdict()])
    title = re.search(r"data lost: .*\n  (.*)\n  who", shown)
    assert title is None or title[1]
    shown = re.sub(r"(data lost: .*\n)(  .*\n)(  who)", r"\1\3", shown)
    assert (
        shown
        == """\
1 TCP reset in shop.pcap
  harm     1 data lost
  read     1,143 packets = 1,120 TCP segments + 20 not TCP + 3 not IP
  quality  26 connections in 3 min 12 s; 2 without handshake, 3 one-sided

CAUSES

data lost: close-with-unread-data  1 reset  likely
  who      10.0.0.5:8080 -> 10.0.0.9:51234
  how      active: a socket aborted itself
  why      the server had acknowledged data of the client [frame 5]
           the window jumps from 512 to 64240 at the reset [frame 4]
  not      linger-zero (10%): its window would not have jumped
  harm     1,448 bytes of the client were never delivered
  rule     RFC 2525 section 2.17
  kernel   net/ipv4/tcp.c: __tcp_close, unread data
           counter TCPAbortOnClose
  fix      Read to the end of the request before closing, or shut down and
           drain.
  be sure  nstat -az TcpExtTCPAbortOnClose on the server rises with each of them
  see      whyrst show shop.pcap --frame 6
"""
    )


def test_no_resets():
    shown = report([], known=quality(without_handshake=0, one_sided=0))
    assert (
        shown
        == """\
No TCP resets in shop.pcap
  read     1,143 packets = 1,120 TCP segments + 20 not TCP + 3 not IP
  quality  26 connections in 3 min 12 s; complete
"""
    )


def test_an_empty_capture():
    nothing = quality(packets=0, segments=0, skipped={}, connections=0, without_handshake=0, one_sided=0, start=None)
    shown = report(known=nothing)
    assert "  read     0 packets = 0 TCP segments\n" in shown
    assert "  quality  0 connections; complete\n" in shown


def test_damage_is_not_overlooked():
    damaged = quality(damage=(Damage("shop.pcap", 4711, "the file ends inside a packet"),))
    assert "; THE FILE IS DAMAGED, 2" in report([verdict()], known=damaged)


def test_incidents_stand_before_causes_and_the_worst_first():
    worse = msgspec.structs.replace(INCIDENT, id="i2", kind="crash-burst", harm="data-lost")
    shown = report([verdict()], incidents=(INCIDENT, worse))
    places = [shown.index(word) for word in ("INCIDENTS", "crash-burst", "restart-window", "CAUSES")]
    assert places == sorted(places)
    assert "refused: restart-window  214 resets of 210 connections\n  10.0.0.5:8080 was away for 3.2 s\n" in shown
    assert "  causes   200 port-closed, 14 server-restart\n" in shown
    assert "  when     2026-11-20 10:00:01.000Z to 2026-11-20 10:00:04.200Z\n" in shown


MANY = [
    verdict(1),
    verdict(2, cause="port-closed", harm="refused", confidence="certain", mechanism="passive"),
    verdict(3, cause="undetermined", harm="unknown", confidence="undetermined", mechanism="unknown"),
    verdict(4, cause="tls-close-notify-after-close", harm="none", confidence="possible", sender="client"),
    verdict(5, ordinal=2),
    verdict(6, confidence="possible"),
]


def test_several_causes_have_an_overview():
    shown = report(MANY)
    assert shown.startswith(
        "6 TCP resets in shop.pcap\n  harm     3 data lost, 1 refused, 1 harm unknown, 1 harmless, 1"
    )
    assert (
        """
OVERVIEW
  3  data lost     close-with-unread-data        possible or more
  1  refused       port-closed                   certain
  1  harm unknown  undetermined
  1  harmless      tls-close-notify-after-close  possible
"""
        in shown
    )
    assert "data lost: close-with-unread-data  3 resets (1 echo)  2 likely, 1 possible\n" in shown
    assert "harm unknown: undetermined  1 reset\n" in shown
    assert "           frames 1, 5, 6\n" in shown


def test_more_detail_shows_all_evidence_then_what_was_ruled_out():
    plain, more, most = (report([verdict()], view=View(detail=n, names=("shop.pcap",))) for n in range(3))
    assert "?" not in plain
    evidence = """\
  why      + the server had acknowledged data of the client [frame 5]
           + the window jumps from 512 to 64240 at the reset [frame 4]
           + the window was updated in between
           ? unknown whether the answer was complete
"""
    assert evidence in more
    assert evidence in most
    assert "port-scan" not in more
    assert (
        """\
  not      linger-zero (10%): its window would not have jumped
           port-scan: a single port was tried
"""
        in most
    )


def test_one_line_per_reset():
    assert (
        report(MANY, view=View(detail=-1, names=("shop.pcap",)))
        == """\
      1 likely   close-with-unread-data  10.0.0.5:8080 > 10.0.0.9:51234
      2 certain  port-closed             10.0.0.5:8080 > 10.0.0.9:51234
      3          undetermined            10.0.0.5:8080 > 10.0.0.9:51234
      4 possible tls-close-notify-after-close  10.0.0.9:51234 > 10.0.0.5:8080
      5 likely   close-with-unread-data  10.0.0.5:8080 > 10.0.0.9:51234
      6 possible close-with-unread-data  10.0.0.5:8080 > 10.0.0.9:51234
"""
    )


def test_lines_of_several_captures_stand_under_their_names():
    verdicts = [verdict(1), verdict(2), verdict(1, capture="b.pcap")]
    lines = report(verdicts, view=View(detail=-1, names=("shop.pcap", "b.pcap"))).splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["shop.pcap:", "b.pcap:"]


@pytest.mark.parametrize("detail", [-1, 0, 1, 2])
def test_no_line_is_wider_than_80_columns(detail):
    evil = "x" * 200
    wide = [
        verdict(4_000_000_000 + n, client=V6_CLIENT, server=V6_SERVER, cause=cause, fix=evil, capture=f"/{evil}.pcap")
        for n, cause in enumerate(["tls-close-notify-after-close", "undetermined", "linger-zero", "admin-kill"] * 3)
    ]
    incident = msgspec.structs.replace(INCIDENT, kind=evil, title=evil, says=evil)
    names = (f"/{evil}.pcap",)
    shown = report(wide, incidents=(incident,), known=quality(captures=names), view=View(detail=detail, names=names))
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_the_widest_terminal_is_used():
    shown = report([verdict(fix="word " * 60)], view=View(width=100, names=("shop.pcap",)))
    assert 90 < max(len(line) for line in shown.splitlines()) <= 100


def test_colour_only_when_asked_for():
    plain = report(MANY, incidents=(INCIDENT,))
    colored = report(MANY, incidents=(INCIDENT,), view=View(color=True, names=("shop.pcap",)))
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert colored != plain


def test_what_the_capture_says_cannot_reach_the_terminal():
    evil = "\x1b]0;owned\x07"
    shown = report([verdict(declared=evil, capture=evil)], known=quality(captures=(evil,)), view=View(names=(evil,)))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert '  declared "\\x1b]0;owned\\x07"\n' in shown


def test_commands_can_be_pasted():
    shown = report([verdict()], view=View(names=("my capture.pcap",)))
    assert "whyrst show 'my capture.pcap' --frame 6" in shown


def test_standard_input_cannot_be_shown_again():
    shown = report([verdict()], known=quality(captures=("-",)), view=View(names=("-",)))
    assert shown.startswith("1 TCP reset in standard input\n")
    assert "whyrst show" not in shown


def test_a_path_that_is_too_long_keeps_its_end():
    path = "/captures" * 20 + "/friday.pcap"
    shown = report([verdict()], known=quality(captures=(path,)), view=View(names=(path,)))
    assert shown.splitlines()[0].endswith("s/captures/friday.pcap")
    assert len(shown.splitlines()[0]) == 80
    assert "  see      whyrst show FILE --frame 6\n" in shown


def test_an_undetermined_cause_names_what_it_may_be():
    shown = report([verdict(cause="undetermined", confidence="undetermined", fix="-")])
    assert "  maybe    linger-zero (10%)" in shown
    assert "  rule " not in shown
    assert "  fix " not in shown


def test_a_cause_with_several_harms_and_mechanisms_counts_them():
    shown = report([verdict(1), verdict(2, harm="none", mechanism="forged"), verdict(3)])
    assert "  how      active x2: a socket aborted itself\n           forged x1: a third party wrote it\n" in shown
    assert "  harm     2 data lost, 1 harmless\n           1,448 bytes" in shown
