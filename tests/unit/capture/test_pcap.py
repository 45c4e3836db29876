from __future__ import annotations

import pytest

from unit.capture.files import BIG, LITTLE, pcap
from whyrst.capture.pcap import HEADER_BYTES, is_pcap, pcap_header


@pytest.mark.parametrize("order", [LITTLE, BIG])
@pytest.mark.parametrize(
    ("magic", "tick", "record"), [(0xA1B2C3D4, 1000, 16), (0xA1B23C4D, 1, 16), (0xA1B2CD34, 1000, 24)]
)
def test_every_magic_number_is_read(order, magic, tick, record):
    data = pcap([], order=order, magic=magic, link=113, snaplen=96)
    assert is_pcap(data)
    header = pcap_header(data)
    assert (header.big, header.tick, header.record) == (order == BIG, tick, record)
    assert (header.link, header.snaplen, header.swap) == (113, 96, False)


@pytest.mark.parametrize("head", [b"", b"\xa1\xb2", b"\xa1\xb2\xc3\xd5" + bytes(20), b"\n\r\r\n"])
def test_other_bytes_are_no_pcap(head):
    assert not is_pcap(head)


def test_the_link_type_comes_without_the_frame_check_bits():
    assert pcap_header(pcap([], link=0x14000001)).link == 1


@pytest.mark.parametrize(("snaplen", "bound"), [(0, 262144), (96, 262144), (300_000, 300_000), (0x7FFFFFFF, 16 << 20)])
def test_the_longest_believed_packet_follows_the_snap_length(snaplen, bound):
    assert pcap_header(pcap([], snaplen=snaplen)).bound == bound


def test_old_versions_may_swap_lengths():
    assert pcap_header(pcap([], version=(2, 3))).swap


def test_unknown_versions_are_refused():
    with pytest.raises(ValueError, match=r"pcap version 9\.1 does not exist"):
        pcap_header(pcap([], version=(9, 1))[:HEADER_BYTES])
