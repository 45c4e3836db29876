"""However many threads work on a capture, what they find is the same, byte for byte."""

import gzip
import os
import subprocess
import sys
import threading

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from properties.captures import CASES, HEADER, SMALL, mutated, records
from unit.traffic import HEADER as TRAFFIC_HEADER
from unit.traffic import traffic
from whyrst import analysis
from whyrst.analysis import analyze
from whyrst.capture.errors import CaptureError
from whyrst.connections import following
from whyrst.connections.tracker import Tracker
from whyrst.segments import ahead, read

ONCE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=20_000)
TELL = """
import sys, msgspec
from whyrst import analysis
analysis.LARGE = 0
report = analysis.analyze(sys.argv[2:], jobs=int(sys.argv[1]))
sys.stdout.buffer.write(b"\\n".join(msgspec.json.encode(verdict) for verdict in report.verdicts))
sys.stdout.buffer.write(msgspec.json.encode((report.incidents, report.quality)))
"""


@pytest.fixture(autouse=True)
def _threads_also_for_small_files(monkeypatch):
    monkeypatch.setattr(analysis, "LARGE", 0)


def told(paths, jobs, **options):
    """All that an analysis finds, as bytes; captures that cannot be read by what is said of them."""
    report = analyze(paths, jobs=jobs, **options)
    try:
        verdicts = [msgspec.json.encode(verdict) for verdict in report.verdicts]
    except CaptureError as error:
        return str(error)
    errors = [str(error) for error in report.errors]
    return verdicts, msgspec.json.encode(report.incidents), msgspec.json.encode(report.quality), errors


def same(paths, **options):
    alone = told(paths, 1, **options)
    assert told(paths, 3, **options) == alone
    return alone


@pytest.mark.parametrize("case", CASES[::4], ids=lambda case: case.parent.name)
def test_cases(case):
    verdicts, *_ = same(case)
    assert isinstance(verdicts, list)


@settings(ONCE, max_examples=100)
@given(data=mutated())
def test_damaged_captures(tmp_path, data):
    path = tmp_path / "mutated.pcap"
    path.write_bytes(data)
    same(path)


@settings(ONCE, max_examples=25)
@given(case=st.sampled_from(SMALL), batch=st.sampled_from([1, 2, 7, 100]), cut=st.floats(0, 1))
def test_small_batches_of_joined_files_with_a_filter(tmp_path, case, batch, cut):
    content = case.read_bytes()
    packets = records(content)
    at = round(cut * len(packets))
    paths = [tmp_path / "1.pcap", tmp_path / "2.pcap"]
    for path, part in zip(paths, (packets[:at], packets[at:]), strict=True):
        path.write_bytes(content[:HEADER] + b"".join(part))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "BATCH", batch)
        patch.setattr(ahead, "BATCH", batch)
        same([*paths, tmp_path / "missing.pcap"], join=True, filter="tcp")


@settings(ONCE, max_examples=25)
@given(
    case=st.sampled_from(CASES), limit=st.integers(1, 6), keep=st.integers(0, 3), pending=st.sampled_from([2, 4, 16])
)
def test_tables_that_overflow(case, limit, keep, pending):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "Tracker", lambda: Tracker(limit, keep, pending, lines=4))
        same(case)


def test_storm_and_compression(tmp_path):
    path = tmp_path / "refused.pcap"
    with path.open("wb") as out:
        out.write(TRAFFIC_HEADER)
        traffic.refused(out, 20_000)
    verdicts, _, quality, _ = same(path)
    assert len(verdicts) == 20_000
    packed = tmp_path / "refused.pcap.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), 1)[:-1000])
    _, _, cut, _ = same(packed)
    assert b"the gzip data ends early" in cut
    assert b"ends early" not in quality


def test_pipe(tmp_path):
    content = max(SMALL, key=lambda case: case.stat().st_size).read_bytes()
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write():
        with path.open("wb", buffering=0) as pipe:
            for at in range(0, len(content), 1000):
                pipe.write(content[at : at + 1000])

    found = []
    for jobs in (1, 3):
        writer = threading.Thread(target=write)
        writer.start()
        found.append(told(path, jobs))
        writer.join()
    assert found[0] == found[1]


def test_plain_loops():
    case = max(SMALL, key=lambda case: case.stat().st_size)
    found = [
        subprocess.run([sys.executable, "-c", TELL, jobs, str(case)], check=True, capture_output=True, env=env).stdout
        for jobs, env in (("1", dict(os.environ)), ("3", {**os.environ, "WHYRST_PURE": "1"}))
    ]
    assert found[0] == found[1]
    assert found[0]
