from __future__ import annotations

import json

import pytest

from whyrst.lab.wire import Case, Host


def begin(folder):
    case = Case(str(folder / "make.py"))
    one = case.conversation(Host("192.0.2.10"), Host("198.51.100.7"), 40000, 80)
    return case, one.server.refuse(one.client.syn())


def test_expectations_name_frames(tmp_path):
    case, reset = begin(tmp_path)
    case.expect(reset, "port-closed", "passive", accept=["firewall-reject"], sure="likely")
    case.write()
    assert json.loads((tmp_path / "expect.json").read_text()) == [
        {
            "frame": 2,
            "cause": "port-closed",
            "accept": ["firewall-reject"],
            "sender": "server",
            "mechanism": "passive",
            "min_confidence": "likely",
        }
    ]
    assert (tmp_path / "capture.pcap").stat().st_size > 100


def test_a_reset_without_expectation_is_an_error(tmp_path):
    case, _ = begin(tmp_path)
    with pytest.raises(ValueError, match=r"resets stand in frames \[2\], but \[\] are told"):
        case.write()


def test_a_capture_without_resets_expects_nothing(tmp_path):
    case = Case(str(tmp_path / "make.py"))
    case.conversation(Host("192.0.2.10"), Host("198.51.100.7"), 40000, 80).handshake()
    case.write()
    assert json.loads((tmp_path / "expect.json").read_text()) == []
