from __future__ import annotations

import pytest

from unit.reports.fakes import V6_CLIENT, verdict
from whyrst.reports.digest import end, headline, supporting, times


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("10.0.0.9:51234", ("10.0.0.9", 51234)),
        (V6_CLIENT, ("2001:db8:1234:5678:9abc:def0:1234:5678", 65535)),
        ("[::]:0", ("::", 0)),
    ],
)
def test_an_endpoint_has_two_parts(text, parts):
    assert end(text) == parts


def test_times_are_exact():
    assert times(verdict()) == (1_795_168_800_000_000_000, 1_795_168_801_123_456_789)


def test_a_headline_says_how_sure_it_is():
    title = "The program closed its socket while received bytes were unread"
    assert headline(verdict()) == f"close-with-unread-data (likely): {title}"
    assert headline(verdict(cause="undetermined", confidence="undetermined")).startswith("undetermined: ")


def test_only_facts_that_hold_support():
    assert supporting(verdict()) == (
        "the server had acknowledged data of the client",
        "the window jumps from 512 to 64240 at the reset",
    )
