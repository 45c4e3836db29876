from __future__ import annotations

import json
import shutil

import pytest

from agent.running import finished, killed_and_finished, number_of


def config(path, size="40K", count=1000):
    file = path.with_name("agent.toml")
    file.write_text(f'[queue]\nsize = "8M"\n[[file]]\npath = "{path}"\nsize = "{size}"\ncount = {count}\n')
    return file


def lines(path):
    """Of all files, the oldest first."""
    older = sorted(path.parent.glob(f"{path.name}.*"), key=lambda one: -int(one.suffix[1:]))
    return [json.loads(line) for one in [*older, path] for line in one.read_bytes().splitlines()]


def test_killed_at_any_moment_no_line_is_torn_missing_or_doubled(tmp_path):
    path = tmp_path / "resets.ndjson"
    said, kills = killed_and_finished(tmp_path / "queue", config(path), 1500)
    assert kills >= 3
    found = lines(path)
    assert [one["frame"] for one in found] == list(range(1, 1501))
    assert [number_of(one["uid"]) for one in found] == list(range(1, 1501))
    assert len({one["uid"].partition("-")[0] for one in found}) == 1
    assert said == ""
    assert len(list(tmp_path.glob("resets.ndjson.*"))) > 10


@pytest.mark.parametrize("count", [300, 320])
def test_what_was_written_and_not_noted_is_not_written_again(tmp_path, count):
    """As after a crash between the two: the note is as old as the first run's. With rotation right before, too."""
    path, queue = tmp_path / "resets.ndjson", tmp_path / "queue"
    assert finished(queue, config(path), 100) == ""
    shutil.copy(queue / "file.place", tmp_path / "old")
    assert finished(queue, config(path), count) == ""
    shutil.copy(tmp_path / "old", queue / "file.place")
    assert finished(queue, config(path), 400) == ""
    assert [one["frame"] for one in lines(path)] == list(range(1, 401))


def test_a_torn_line_is_cut_and_written_whole(tmp_path):
    path, queue = tmp_path / "resets.ndjson", tmp_path / "queue"
    assert finished(queue, config(path, "100M"), 50) == ""
    path.write_bytes(path.read_bytes()[:-30])
    shutil.copy(queue / "file.place", tmp_path / "old")
    (queue / "file.place").write_text('{"next":40}')
    assert finished(queue, config(path, "100M"), 60) == ""
    assert [one["frame"] for one in lines(path)] == list(range(1, 61))
