from __future__ import annotations

from whyrst.model import Origin, Sight
from whyrst.reports.origin import made, origin_lines

CLIENT = Sight(
    "a/client.pcap", "client", True, 5, "2026-05-28T20:26:40.000000000Z", "192.0.2.1:1", "192.0.2.2:2", 63, 0, 9
)
SERVER = Sight("a/server.pcap", "server", False)


def test_made_between_names_the_captures():
    origin = Origin("between", ("client", "server"), (), (CLIENT, SERVER), "why", certain=True)
    assert origin_lines(origin) == [
        "made between client.pcap and server.pcap: why",
        "client: frame 5, 2026-05-28 20:26:40.000Z, TTL 63, window 9, IP ID 0",
        "server: not there",
    ]


def test_doubt_and_loss_are_said():
    origin = Origin("end", ("server",), ("server", "client"), (CLIENT, SERVER), "why")
    assert made(origin) == "likely made at the server, dropped between server.pcap and client.pcap"
    assert made(Origin("unknown", (), (), (CLIENT,), "why")) == "the captures do not tell where it was made"


def test_an_end_without_a_capture_is_named_as_such():
    origin = Origin("between", ("client", "server"), (), (CLIENT,), "why")
    assert made(origin) == "likely made between client.pcap and the server"


def test_translated_addresses_stand_beside_each_other():
    other = Sight("b.pcap", "server", True, 6, None, "203.0.113.1:7", "192.0.2.2:2", 62, None, 9)
    lines = origin_lines(Origin("end", ("client",), (), (CLIENT, other), "why", certain=True))
    assert "192.0.2.1:1 > 192.0.2.2:2" in lines[1]
    assert lines[2] == "server: frame 6, 203.0.113.1:7 > 192.0.2.2:2, TTL 62, window 9"
