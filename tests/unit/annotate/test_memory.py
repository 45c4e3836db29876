"""Memory does not grow with the capture, although every packet of this one gets a comment."""

import subprocess
import sys

from unit.test_memory import PEAK, pytestmark
from unit.traffic import HEADER, traffic

__all__ = ["pytestmark"]


def peak(folder, connections):
    """Peak memory, in kB, of annotating that many refused connections, and bytes of the result."""
    path, out = folder / "refused.pcap", folder / "annotated.pcapng"
    with path.open("wb", buffering=1 << 20) as file:
        file.write(HEADER)
        traffic.refused(file, connections)
    command = [sys.executable, "-c", PEAK, "annotate", "--force", str(path), str(out)]
    run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    return int(run.stderr.split()[-1]), out.stat().st_size


def test_twice_the_comments_take_no_more_memory(tmp_path):
    (before, small), (after, large) = (peak(tmp_path, count) for count in (35_000, 70_000))
    assert large - small > 30_000_000
    assert after < before + 10_000, f"{before} kB, then {after} kB"
