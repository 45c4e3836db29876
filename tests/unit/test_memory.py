"""Memory follows the connections that are alive, not the length of a capture."""

import subprocess
import sys
from pathlib import Path

import pytest

from unit.traffic import HEADER, traffic

PEAK = """
import sys
from pathlib import Path
from whyrst import cli
cli.leave = lambda status: None
try:
    cli.main()
finally:
    status = Path("/proc/self/status").read_text()
    print(status.split("VmHWM:")[1].split()[0], file=sys.stderr)
"""
"""Runs the program and tells its peak memory. (What wait4 tells includes the process that started it.)"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc: peak memory cannot be read")


def peak(path, connections, *options):
    """Peak memory, in kB, of an analysis of that many refused connections, one after the other."""
    with path.open("wb", buffering=1 << 20) as out:
        out.write(HEADER)
        traffic.refused(out, connections)
    command = [sys.executable, "-c", PEAK, "analyze", *options, str(path)]
    run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    path.unlink()
    return int(run.stderr.split()[-1])


def test_ten_times_the_capture_takes_no_more_memory(tmp_path):
    before, after = (peak(tmp_path / "refused.pcap", count) for count in (50_000, 500_000))
    assert after < before * 1.1, f"{before} kB, then {after} kB"


def test_lines_are_written_as_they_come(tmp_path):
    """20,000 lines more have some 60 MB. What grows is less: tables that a longer capture fills to their bounds."""
    before, after = (peak(tmp_path / "refused.pcap", count, "--json") for count in (40_000, 60_000))
    assert after < before + 40_000, f"{before} kB, then {after} kB"
