"""What holds of the analysis of any capture, however it is damaged, split or handed over."""

import os
import threading
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from properties.captures import CASES, FORMS, HEADER, SMALL, anywhere, mutated, records, whole
from whyrst.segments import read

ONCE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=20_000)


@settings(ONCE, max_examples=150)
@given(data=mutated())
@example(data=b"")
@example(data=b"not a capture, only text\n" * 20)
def test_damaged_captures_give_errors_or_verdicts(tmp_path, data):
    path = tmp_path / "mutated.pcap"
    path.write_bytes(data)
    whole(path)


@settings(ONCE, max_examples=40)
@given(case=st.sampled_from(SMALL), cuts=st.lists(st.floats(0, 1), min_size=1, max_size=4), data=st.data())
def test_joined_parts_give_the_verdicts_of_the_whole(tmp_path, case, cuts, data):
    content = case.read_bytes()
    packets = records(content)
    times = [packet[:8] for packet in packets]
    ends = sorted({round(cut * len(packets)) for cut in cuts} | {0, len(packets)})
    paths = []
    for k, (begin, end) in enumerate(pairwise(ends)):
        path = tmp_path / f"part{k}.pcap"
        path.write_bytes(content[:HEADER] + b"".join(packets[begin:end]))
        paths.append(path)
    expected, _, quality = whole(case)
    if all(times[end - 1] < times[end] for end in ends[1:-1]):
        paths = data.draw(st.permutations(paths))  # the clock tells their order
    verdicts, _, joined = whole(paths, join=True)
    assert [anywhere(one) for one in verdicts] == [anywhere(one) for one in expected]
    assert (joined.packets, joined.segments, joined.connections) == (
        quality.packets, quality.segments, quality.connections)  # fmt: skip


@settings(ONCE, max_examples=25)
@given(case=st.sampled_from(SMALL), size=st.integers(1, 3000))
def test_pieces_of_a_pipe_make_no_difference(tmp_path, case, size):
    content = case.read_bytes()
    if len(content) / size > 500:
        size = len(content) // 500 + 1
    path = tmp_path / "pipe"
    if not path.exists():
        os.mkfifo(path)

    def write():
        with path.open("wb", buffering=0) as pipe:
            for at in range(0, len(content), size):
                pipe.write(content[at : at + size])

    writer = threading.Thread(target=write)
    writer.start()
    verdicts, incidents, _ = whole(path)
    writer.join()
    expected, same, _ = whole(case)
    assert [anywhere(one) for one in verdicts] == [anywhere(one) for one in expected]
    assert incidents == same
    assert [one.frame for one in verdicts] == [one.frame for one in expected]


@settings(ONCE, max_examples=15)
@given(case=st.sampled_from(SMALL), form=st.sampled_from(["pcapng", "gzip"]))
def test_forms_of_a_capture_make_no_difference(tmp_path, case, form):
    path = tmp_path / form
    path.write_bytes(FORMS[form](case.read_bytes()))
    verdicts, incidents, _ = whole(path)
    expected, same, _ = whole(case)
    assert [anywhere(one) for one in verdicts] == [anywhere(one) for one in expected]
    assert incidents == same


@pytest.mark.parametrize("size", [1, 2, 7, 100])
@pytest.mark.parametrize("case", CASES[::6], ids=lambda case: case.parent.name)
def test_batches_make_no_difference(monkeypatch, case, size):
    expected = whole(case)
    monkeypatch.setattr(read, "BATCH", size)
    assert whole(case) == expected
