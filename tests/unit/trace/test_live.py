"""The loop's turns, on events that a test makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from unit.trace.events import aborted, numbers, refused, taken
from whyrst.kernel.tracer import Total
from whyrst.trace.counts import Counts
from whyrst.trace.live import Live
from whyrst.trace.selection import RECEIVED, Selection
from whyrst.trace.session import SPACES
from whyrst.trace.shape import shape_of

TESTS = Path(__file__).parents[2]


class Tracer:
    """What the loop asks of the probes."""

    def __init__(self, *events, sampled=0):
        self.counts = Counts()
        self.sampled = sampled
        self._seen = {}
        for event in events:
            shape = shape_of(event)
            self.counts.deliver(shape)
            self._seen[shape] = self._seen.get(shape, 0) + 1

    def totals(self):
        return {"sent": Total(sum(self._seen.values()) + self.sampled, sum(self._seen.values()), self.sampled, 0)}

    def shapes(self):
        first = next(iter(self._seen))
        return self._seen | {first: self._seen[first] + self.sampled}


class Watch:
    """Hands over all events at once."""

    def __init__(self, *events):
        self._events = []
        self.add(*events)

    def add(self, *events):
        self._events += [(event, b"") for event in events]

    def poll(self):
        found, self._events = self._events, []
        return found

    finish = poll


def run(*events, selection=None, sampled=0, noted=None):
    live = Live(Tracer(*events, sampled=sampled), Watch(*events), selection or Selection(), noted)
    told = [(one.event, one.cause) for one in live.turn()]
    return live, told + [(one.event, one.cause) for one in live.close()]


EVENTS = (refused(), aborted("10.0.0.1:81", "10.0.0.3:5000"), taken("10.0.0.1:6000", "10.0.0.4:443"))


def test_every_event_is_told_and_counted():
    live, told = run(*EVENTS)
    assert {event.kind for event, _ in told} == {"sent", "received"}
    assert sum(number for _, number, _ in live.counts.by("kind")) == 3
    assert live.peers.top(5) == [("10.0.0.2", 1), ("10.0.0.3", 1), ("10.0.0.4", 1)]
    assert {name for name, _, _ in live.counts.by("process")} == {"nginx", "unknown"}


def test_what_is_not_selected_is_neither_told_nor_counted_nor_noted():
    noted = []
    live, told = run(*EVENTS, selection=Selection(comms=frozenset({"nginx"})), noted=noted.append)
    assert [event for event, _ in told] == noted == [EVENTS[1]]
    assert live.counts.by("kind") == [("sent", 1, False)]


def test_what_is_not_selected_is_known_to_what_is():
    sent = aborted("127.0.0.1:80", "127.0.0.1:4000")
    end = numbers(rcv_nxt=1100, copied_seq=1100)
    came = taken("127.0.0.1:4000", "127.0.0.1:80", netns=2, numbers=end)
    _, told = run(sent, came, selection=Selection(kinds=RECEIVED))
    assert told == [(came, "close-with-unread-data")]
    _, alone = run(came, selection=Selection(kinds=RECEIVED))
    assert alone != told


def test_events_of_many_namespaces_are_all_told():
    events = [refused(netns=space) for space in range(SPACES + 20)]
    _, told = run(*events)
    assert {event.netns for event, _ in told} == set(range(SPACES + 20))


def test_a_cause_that_is_not_selected():
    live, told = run(*EVENTS, selection=Selection(causes=frozenset({"close-with-unread-data"})))
    assert [cause for _, cause in told] == ["close-with-unread-data"]
    assert live.counts.by("cause") == [("close-with-unread-data", 1, False)]


def test_what_was_sampled_out_is_counted_at_the_end():
    live, told = run(*EVENTS, sampled=1000)
    assert len(told) == 3
    assert sum(number for _, number, _ in live.counts.by("kind")) == 1003
    assert ("unknown", 1002, False) in live.counts.by("process")


def test_judging_rests_after_it_worked():
    first, second = refused(), aborted("10.0.0.1:81", "10.0.0.3:5000")
    watch = Watch(first)
    live = Live(Tracer(first, second), watch, Selection())
    assert [one.event for one in live.turn()] == [first]
    watch.add(second)
    assert [one.event for one in live.turn()] == []
    assert [one.event for one in live.close()] == [second]


def test_nothing_is_imported_once_privileges_are_dropped():
    """Who a trace becomes may not be allowed to read its files."""
    code = """
import io, sys
from unit.trace.test_live import EVENTS, Tracer, Watch
from unit.trace.events import aborted, refused
from whyrst.reports.page import Page
from whyrst.trace.live import Live, load
from whyrst.trace.record import comment
from whyrst.trace.selection import RECEIVED, Selection
from whyrst.trace.session import SPACES
from whyrst.trace.shown import Lines, Ndjson
load()
events = (*EVENTS, refused(kind="unseen", after=1), aborted("10.0.0.1:82", comm="\\x1b"))
out = io.BytesIO()
shown = Lines(Page(out), out, stack=True), Ndjson(out)
live = Live(Tracer(*events), Watch(*events), Selection())
before = set(sys.modules)
for told in (*live.turn(), *live.close()):
    for each in shown:
        each.take(told)
        each.refresh()
    comment(told.verdict())
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          check=False, cwd=TESTS)  # fmt: skip
    assert done.stdout == "[]\n", done.stderr
