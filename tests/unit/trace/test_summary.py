from __future__ import annotations

import io

import pytest

from whyrst.kernel.counters import Check
from whyrst.kernel.tracer import Shape, Total
from whyrst.reports.page import Page
from whyrst.trace.counts import Counts, Frequent
from whyrst.trace.summary import SHOWN, Account, compared, missed, summary

ONE = Shape("sent", "NO_SOCKET", "UNKNOWN", 2, False, False, False, False, 1)
NONE = Total(0, 0, 0, 0)


def filled(*causes):
    counts, peers = Counts(), Frequent()
    for number, cause in enumerate(causes):
        counts.deliver(ONE)
        counts.judge(ONE, counts.outcome(cause, "passive", "sent", "nginx"))
        peers.add(f"192.0.2.{number}")
    return counts, peers


def told(counts, peers, account, width=79):
    out = io.BytesIO()
    summary(Page(out, width), counts, peers, account, 12.5)
    return out.getvalue().decode()


def test_counts_and_the_account():
    text = told(
        *filled("port-closed", "port-closed", "port-scan"), Account({"sent": Total(3, 3, 0, 0), "received": NONE})
    )
    assert text.splitlines()[:4] == [
        "3 resets in 12.50 s",
        "  by cause",
        "        2  port-closed",
        "        1  port-scan",
    ]
    assert "        3  nginx" in text
    assert "        1  192.0.2.2" in text
    assert "the probes saw 3 = 3 handed over + 0 sampled out + 0 lost" in text


def test_estimates_are_marked_and_what_is_exact_is_not():
    counts, peers = filled("port-closed", "port-scan")
    for _ in range(2):
        counts.kernel({ONE: 1000})
    text = told(counts, peers, Account({"sent": Total(1000, 2, 990, 8)}))
    assert "     ~500  port-closed" in text
    assert "    1,000  nginx" in text
    assert text.startswith("1,000 resets")
    assert "by peer, of those handed over" in text
    assert "saw 1,000 = 2 handed over + 990 sampled out + 8 lost" in text


def test_what_was_never_handed_over_is_told():
    counts, peers = filled()
    for _ in range(2):
        counts.kernel({ONE: 7})
    assert "7  not judged" in told(counts, peers, Account({"sent": Total(7, 0, 7, 0)}))


def test_long_tables_are_cut_and_say_so():
    counts, peers = filled(*(f"cause-{number}" for number in range(SHOWN + 5)))
    text = told(counts, peers, Account({"sent": NONE}))
    assert text.count("and 5 more") == 2


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (Check(5, 5, 5, 0), "OutRsts rose by 5 in 1 namespace, the probes saw 5 sent: they agree"),
        (Check(6, 5, 7, 0), "OutRsts rose by 5 to 7 in 1 namespace, the probes saw 6 sent: they agree"),
        (Check(4, 5, 5, 1), "OutRsts rose by 4 to 5 in 1 namespace, the probes saw 4 sent: they agree"),
        (Check(4, 5, 5, 0), "OutRsts rose by 5 in 1 namespace, the probes saw 4 sent: they do not agree"),
        (Check(6, 5, 5, 0), "OutRsts rose by 5 in 1 namespace, the probes saw 6 sent: they do not agree"),
    ],
)
def test_the_kernels_counter_is_the_check(check, says):
    assert compared([check]) == says


def test_notes_and_a_narrow_page():
    account = Account({"sent": NONE}, notes=["what is missing"])
    text = told(*filled("port-closed"), account, width=60)
    assert "note: what is missing" in text
    assert max(map(len, text.splitlines())) <= 60


def test_hostile_names_are_escaped():
    counts, peers = Counts(), Frequent()
    counts.deliver(ONE)
    counts.judge(ONE, counts.outcome("port-closed", "passive", "sent", "\x1b[2J"))
    assert "\\x1b[2J" in told(counts, peers, Account({"sent": NONE}))


def test_what_is_missed_is_said_while_it_runs():
    assert missed({"sent": Total(5, 5, 0, 0), "received": NONE}) == ""
    assert missed({"sent": Total(5000, 5, 4990, 5), "received": Total(2, 0, 2, 0)}).startswith(
        "4,992 sampled out, 5 lost"
    )
