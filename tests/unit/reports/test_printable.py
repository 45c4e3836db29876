from __future__ import annotations

import json

import pytest

from whyrst.reports.printable import printable, printable_json


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("shop.example", "shop.example"),
        ("münchen", "münchen"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\tc\x07", "a\\nb\\tc\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("file\udcff.pcap", "file\\xff.pcap"),
        ("right\u202eleft", "right\\u202eleft"),
    ],
)
def test_nothing_that_a_terminal_could_act_on_is_left(given, shown):
    assert printable(given) == shown
    assert printable(given).isprintable()


def test_json_keeps_its_meaning():
    encoded = json.dumps({"name": "a\x7fb\x9bc\u202ed ä"}, ensure_ascii=False).encode()
    safe = printable_json(encoded)
    assert json.loads(safe) == json.loads(encoded)
    assert safe.decode().isprintable()
    assert "ä" in safe.decode()


def test_plain_json_is_not_touched():
    encoded = b'{"name":"shop"}'
    assert printable_json(encoded) is encoded
