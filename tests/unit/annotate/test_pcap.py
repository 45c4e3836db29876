from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.annotate.blocks import INTERFACE, blocks, comments, kind
from unit.annotate.packets import noted, read
from unit.capture import files
from unit.capture.files import BIG, LITTLE
from whyrst.annotate.due import Due
from whyrst.annotate.pcap import convert
from whyrst.capture.reader import Reader

SUMMARY = "whyrst 0: a summary"


def converted(path, notes=()):
    out = io.BytesIO()
    convert(str(path), out, Due(notes), SUMMARY, lambda _: None)
    return out.getvalue()


PACKET = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 999_999), st.binary(max_size=70), st.integers(70, 9000))


@given(
    st.lists(PACKET, max_size=20),
    st.sets(st.integers(1, 22)),
    st.sampled_from([0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34]),
    st.sampled_from([LITTLE, BIG]),
    st.sampled_from([1, 101, 113, 276]),
    st.integers(0, 300_000),
)
def test_packets_stay_the_same(tmp_path_factory, packets, frames, magic, order, link, snaplen):
    folder = tmp_path_factory.getbasetemp()
    path, new = folder / "before.pcap", folder / "after.pcapng"
    path.write_bytes(files.pcap(packets, order=order, magic=magic, snaplen=snaplen, link=link))
    notes = noted(*sorted(frames))
    new.write_bytes(converted(path, notes))
    before, damage = read(path)
    assert (before, damage) == read(new)
    unit = 1 if magic == 0xA1B23C4D else 1000
    if not damage:  # a header of zeros may look like one
        assert before == [(data, s * 10**9 + part * unit, wire, link) for s, part, data, wire in packets]
    with Reader(str(new)) as reader:
        list(reader.records())
        assert [(one.link, one.snaplen) for one in reader.interfaces] == [(link, snaplen)]
    made = blocks(new.read_bytes())
    assert comments(*made[0])[0] == [SUMMARY]
    found = [comments(*one)[0] for one in made[2:]]
    assert found == [dict(notes).get(frame, []) for frame in range(1, len(before) + 1)]


def test_many_packets_come_in_batches(tmp_path):
    path, new = tmp_path / "in", tmp_path / "out"
    path.write_bytes(files.pcap([(n, 0, bytes([n % 251]) * (n % 97)) for n in range(1, 10_001)]))
    new.write_bytes(converted(path, noted(1, 4096, 4097, 10_000, 10_001)))
    assert read(new) == read(path)
    made = blocks(new.read_bytes())[2:]
    assert [frame for frame, one in enumerate(made, 1) if comments(*one)[0]] == [1, 4096, 4097, 10_000]


def test_files_put_together_become_interfaces(tmp_path):
    path, new = tmp_path / "in", tmp_path / "out"
    path.write_bytes(
        files.pcap([(1, 0, b"one")], link=1) + files.pcap([(2, 0, b"two")], link=101) + files.pcap([], link=113)
    )
    new.write_bytes(converted(path, noted(2)))
    assert read(new)[0] == read(path)[0] == [(b"one", 10**9, 3, 1), (b"two", 2 * 10**9, 3, 101)]
    assert sum(kind(*one) == INTERFACE for one in blocks(new.read_bytes())) == 3


@pytest.mark.parametrize("packets", [[], [(1, 0, b"x" * 50)]])
def test_a_cut_pcap_gives_what_is_whole(tmp_path, packets):
    path, new = tmp_path / "in", tmp_path / "out"
    path.write_bytes(files.pcap([*packets, (2, 0, b"y" * 50)])[:-10])
    new.write_bytes(converted(path))
    assert read(new) == (read(path)[0], [])
    assert len(read(new)[0]) == len(packets)


def test_a_link_type_that_cannot_be_stays_one(tmp_path):
    path, new = tmp_path / "in", tmp_path / "out"
    path.write_bytes(files.pcap([(1, 0, b"x" * 50)], link=0x1234567))
    new.write_bytes(converted(path))
    assert read(new)[0] == [(b"x" * 50, 10**9, 50, 0xFFFF)]
