"""A disk that is really full: a small file system of its own, in a mount namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from agent.running import HERE

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare"),
]
SCRIPT = """
set -e
mount -t tmpfs -o size=1536k none "$1"
exec "$2" "$3" "$1/queue" 1500 20 "$4"
"""


def test_a_full_disk_costs_what_does_not_fit_and_no_more(tmp_path):
    """The queue's disk is full until the output, which has another one, has caught up; what was lost meanwhile the
    source gives again, so that all come in the end."""
    full, config = tmp_path / "full", tmp_path / "agent.toml"
    full.mkdir()
    config.write_text(f'[[file]]\npath = "{tmp_path}/out"\n')
    words = ("unshare", "--mount", "sh", "-c", SCRIPT, "sh", full, sys.executable, HERE / "pump.py", config)
    done = subprocess.run(words, capture_output=True, timeout=120, check=False)
    said = done.stderr.decode()
    assert done.returncode == 0, said
    assert "queue: No space left on device: verdicts are lost until that is over" in said
    assert "queue: writing again; " in said
    assert [json.loads(line)["frame"] for line in (tmp_path / "out").read_bytes().splitlines()] == list(range(1, 1501))
