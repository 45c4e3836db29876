from __future__ import annotations

from pathlib import Path

import pytest

from unit.fleet.archives import CASES, analyzed, case, cut, joined, table
from whyrst.fleet import diagnose

EVERY = sorted(path.parent.name for path in CASES.glob("*/capture.pcap"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """One archive in which each case is a capture point, cut into up to seven files."""
    root = tmp_path_factory.mktemp("archive")
    parts = {name: cut(case(name), root / "in" / name, 1 + k % 7) for k, name in enumerate(EVERY)}
    summary = analyzed(root / "in", root / "out")
    return root / "out", parts, summary


@pytest.mark.parametrize("name", EVERY)
def test_verdicts_are_those_of_joined_captures(archive, name):
    out, parts, _ = archive
    expected, incidents = joined(parts[name])
    assert table(out, "verdicts", name) == expected
    assert [(one["id"], one["says"], one["resets"], one["frames"]) for one in table(out, "incidents", name)] == [
        (one.id, one.says, one.resets, list(one.frames)) for one in sorted(incidents, key=lambda one: one.start[:10])
    ]


def test_the_summary_counts_what_the_tables_hold(archive):
    out, parts, summary = archive
    rows = [row for name in parts for row in table(out, "verdicts", name)]
    assert summary.resets == len(rows) > 400
    assert summary.captures == sum(map(len, parts.values()))
    assert summary.points == len(parts)
    assert sum(summary.causes.values()) == sum(summary.harms.values()) == len(rows)
    assert summary.packets == sum(row["packets"] for name in parts for row in table(out, "quality", name))


def test_shares_of_a_point_hold_each_verdict_once(tmp_path, monkeypatch):
    parts = cut(case("port-scan-connect"), tmp_path / "in", 2)
    expected, incidents = joined(parts)
    monkeypatch.setattr(diagnose, "SHARE", 3)
    summary = analyzed(tmp_path / "in", tmp_path / "out")
    several = diagnose.shares(len(expected))
    assert several > 2
    assert len(list((tmp_path / "out").glob("verdicts/*/*/part-*.parquet"))) == several
    assert sorted(map(str, table(tmp_path / "out", "verdicts", "in"))) == sorted(map(str, expected))
    assert (summary.resets, summary.points, summary.incidents) == (len(expected), 1, len(incidents))
    monkeypatch.undo()
    Path(parts[0]).touch()
    analyzed(tmp_path / "in", tmp_path / "out")
    assert table(tmp_path / "out", "verdicts", "in") == expected
