from __future__ import annotations

import sys

from whyrst.cli import progress
from whyrst.cli.progress import Bar


def test_nothing_without_a_terminal(capfd):
    with Bar() as bar:
        bar(1, 10)
    assert capfd.readouterr() == ("", "")


def test_nothing_in_the_first_second(monkeypatch, capfd):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Bar() as bar:
        bar(1, 10)
    assert capfd.readouterr() == ("", "")


def test_a_bar_for_whoever_waits(monkeypatch, capfd):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    drawn = []

    class Drawn:
        def update(self, task, completed, total):
            drawn.append((task, completed, total))

        def stop(self):
            drawn.append("stopped")

    monkeypatch.setattr(Bar, "_draw", staticmethod(lambda _: (Drawn(), 0)))
    with Bar() as bar:
        bar(1, None)
        bar(5, 10)
        bar.close()
        bar(6, 10)
    assert drawn == [(0, 1, None), (0, 5, 10), "stopped"]
    assert capfd.readouterr() == ("", "")


def test_the_real_bar_starts_and_stops(monkeypatch, capfd):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    with Bar() as bar:
        bar(1, 10)
        bar(10, 10)
    assert capfd.readouterr().out == ""


def test_nothing_when_not_wanted(monkeypatch, capfd):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    with Bar(wanted=False) as bar:
        bar(1, 10)
    assert capfd.readouterr() == ("", "")
