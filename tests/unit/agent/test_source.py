from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from whyrst.agent.source import Replay
from whyrst.kernel.recorded import RecordError, read
from whyrst.trace.selection import SENT, Selection
from whyrst.trace.session import verdicts

CASES = Path(__file__).parents[2] / "cases" / "kernel"


def replayed(path, selection=None):
    source = Replay(str(path), selection or Selection())
    lines = []
    while not source.done:
        lines += source.turn()
    return [msgspec.json.decode(line) for line in lines]


@pytest.mark.parametrize("name", ["server_restart", "close_unread", "smb_double_connect"])
def test_a_replay_gives_the_verdicts_of_the_events(name):
    path = CASES / f"{name}.ndjson"
    assert [(one["time"], one["cause"]) for one in replayed(path)] == [
        (one.time, one.cause) for one in verdicts(read(path))
    ]


def test_only_what_is_wanted(tmp_path):
    path = tmp_path / "all.ndjson"
    path.write_bytes(b"".join(one.read_bytes() for one in sorted(CASES.glob("*.ndjson"))))
    every = replayed(path)
    assert len(every) > 50
    some = replayed(path, Selection(kinds=SENT, causes=frozenset({"port-closed"})))
    assert 0 < len(some) < len(every)
    assert {one["cause"] for one in some} == {"port-closed"}


def test_what_is_no_event(tmp_path):
    (tmp_path / "a").write_text("[]\n")
    with pytest.raises(RecordError, match="line 1 is no kernel event"):
        replayed(tmp_path / "a")
