"""Connections are known again through everything that may stand between two captures."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.compare.rewritten import packets, write
from whyrst.compare import compare

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
