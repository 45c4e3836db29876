from __future__ import annotations

import pickle

import pytest

from whyrst.capture.errors import CaptureError, damage_line, shown
from whyrst.model import Damage


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plain name.pcap", "plain name.pcap"),
        ("naïve-日本.pcap", "naïve-日本.pcap"),
        ("two\nlines\x1b[31m", "two\\nlines\\x1b[31m"),
        ("right\u202eleft", "right\\u202eleft"),
        (b"latin-\xe9".decode("utf-8", "surrogateescape"), "latin-\\xe9"),
        ("\ud800", "\\ud800"),
    ],
)
def test_names_are_safe_to_print(name, safe):
    assert shown(name) == safe
    assert shown(name).isprintable()


def test_an_error_is_one_line_with_file_offset_and_reason():
    assert str(CaptureError("a\nb.pcap", 24, "cut")) == "a\\nb.pcap: byte 24: cut"


def test_standard_input_is_called_so():
    assert str(CaptureError("-", 0, "nothing came")) == "standard input: byte 0: nothing came"


def test_damage_is_described_like_an_error():
    assert damage_line(Damage(path="x", offset=7, reason="cut")) == "x: byte 7: cut"


def test_an_error_survives_pickling():
    assert str(pickle.loads(pickle.dumps(CaptureError("x", 7, "cut")))) == "x: byte 7: cut"  # noqa: S301 (our own)
