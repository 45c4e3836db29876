"""Connections are known again through everything that may stand between two captures."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from unit.compare.rewritten import packets, write
from whyrst.compare import compare
from whyrst.compare.pairing import _common

CASE = Path(__file__).parents[2] / "cases" / "compare" / "forged-to-client"
ADDRESS = bytes((203, 0, 113, 9))
SYN = 2
CLIENT_SHIFT, SERVER_SHIFT = 0x1234_5678, 0xFEDC_BA98


@pytest.fixture(scope="module")
def port():
    """The server's port."""
    (pair, *_) = compare([CASE / "client.pcap", CASE / "server.pcap"]).pairs()
    return int(pair.views[0].server.rpartition(":")[2])


def rewritten(tmp_path, port, change, *, point="server"):
    """The server's capture with every packet changed; None leaves one out."""
    kept = []
    for packet, forth in packets(CASE / f"{point}.pcap", port):
        if change(packet, forth) is not False:
            kept.append(packet.record)
    return write(tmp_path / f"{point}.pcap", kept)


def translate(packet, forth):
    packet.translate(forth, ADDRESS, (packet.ports[0 if forth else 1] * 7 + 1) % 60000 + 1024)


def shift(packet, forth):
    packet.shift(forth, CLIENT_SHIFT, SERVER_SHIFT)


def both(packet, forth):
    translate(packet, forth)
    shift(packet, forth)


def without_handshake(packet, _):
    return not packet.flags & SYN


def translated_without_handshake(packet, forth):
    translate(packet, forth)
    return not packet.flags & SYN


CHANGES = {
    "same": (lambda *_: True, "same"),
    "translated": (translate, "translated"),
    "shifted": (shift, "shifted"),
    "both": (both, "translated, shifted"),
    "no-handshake": (without_handshake, "same"),
    "translated-no-handshake": (translated_without_handshake, "translated"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_connection_and_its_resets_are_known_again(name, port, tmp_path):
    change, how = CHANGES[name]
    comparison = compare([CASE / "client.pcap", rewritten(tmp_path, port, change)])
    assert {pair.how for pair in comparison.pairs()} == {how}
    assert [place.place for place in comparison.places] == ["client", "server"]
    forged, answer = sorted(comparison.verdicts, key=lambda verdict: verdict.time)
    assert (forged.cause, forged.origin.kind) == ("forged-reset", "between")
    assert [sight.seen for sight in answer.origin.sights] == [True, True]
    assert answer.origin.kind == "end"


def test_other_addresses_stand_beside_each_other(port, tmp_path):
    comparison = compare([CASE / "client.pcap", rewritten(tmp_path, port, translate)])
    pair = comparison.pairs()[0]
    assert pair.views[0].client != pair.views[1].client
    assert pair.views[1].client.startswith("203.0.113.9:")
    (answer,) = [v for v in comparison.verdicts if v.reset.sender == "client"]
    assert len({sight.source for sight in answer.origin.sights}) == 2


def test_a_new_connection_of_the_same_ports_is_another_one(port, tmp_path):
    """The server's capture holds only an earlier connection of the same ends, with other numbers."""
    early = []
    for packet, forth in packets(CASE / "server.pcap", port):
        packet.time -= 3_600_000_000_000
        packet.shift(forth, 0x2222_2222, 0x3333_3333)
        # Another host's timestamps.
        at = bytes(packet.frame).find(b"\x08\x0a", packet.tcp + 20)
        if at > 0:
            packet.put(at + 2, ">I", (packet.get(at + 2, ">I") + 12345) % (1 << 32))
        packet.put(18, ">H", (packet.get(18, ">H") + 77) % 65536)
        early.append(packet.record)
    real = [packet.record for packet, _ in packets(CASE / "server.pcap", port)]
    comparison = compare([CASE / "client.pcap", write(tmp_path / "server.pcap", [*early, *real])])
    starts = [view.start for pair in comparison.pairs() for view in pair.views]
    assert max(starts) - min(starts) < 60_000_000_000


def test_values_that_stand_once_on_both_sides_are_common():
    chance = random.Random(3)
    one = np.array([chance.randrange(60) for _ in range(80)])
    two = np.array([chance.randrange(60) for _ in range(80)])
    i, j = _common(one, two)
    expected = {v for v in range(60) if list(one).count(v) == 1 and list(two).count(v) == 1}
    assert set(one[i]) == expected
    assert (one[i] == two[j]).all()


def test_no_values_have_nothing_in_common():
    empty = np.zeros(0, dtype=np.int64)
    for one, two in ((empty, empty), (empty, np.arange(3)), (np.arange(3), empty)):
        assert len(_common(one, two)[0]) == 0
