from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.resets.crafted import Facts
from whyrst.lab.wire import ACK, RST, Capture, Host, payloads
from whyrst.lab.wire import options as opt
from whyrst.resets.declared import DIAGNOSTIC, MPTCP, NETSCALER, read_payload


def compact(code, pen=0):
    """The draft's present form: magic 0x33AA, reason, enterprise number."""
    return struct.pack("!HHI", 0x33AA, code, pen)


def number(major, value):
    """One CBOR head (RFC 8949 section 3)."""
    if value < 24:
        return bytes([major << 5 | value])
    for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if value < 1 << 8 * size:
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")
    raise ValueError(value)


def cbor(code=None, pen=None, text=None):
    """The draft's earlier form: the magic 12345 and a map."""
    pairs = []
    if code is not None:
        pairs.append(b"\x01" + number(0, code))
    if pen is not None:
        pairs.append(b"\x02" + number(0, pen))
    if text is not None:
        data = text.encode()
        pairs.append(b"\x03" + number(3, len(data)) + data)
    return number(0, 12345) + number(5, len(pairs)) + b"".join(pairs)


@pytest.mark.parametrize("code", sorted(DIAGNOSTIC))
def test_both_wire_forms_tell_the_same_reason(code):
    short, long = read_payload(compact(code)), read_payload(cbor(code))
    assert short.by == long.by == "diagnostic"
    assert short.code == long.code == code
    assert DIAGNOSTIC[code] in short.says
    assert DIAGNOSTIC[code] in long.says


@pytest.mark.parametrize("make", [compact, cbor])
def test_a_vendors_code_is_not_taken_for_a_registered_one(make):
    told = read_payload(make(4, 9))
    assert (told.by, told.code) == ("vendor", 4)
    assert "enterprise number 9" in told.says
    assert DIAGNOSTIC[4] not in told.says


def test_an_unregistered_code_is_told_as_a_number():
    assert read_payload(compact(999)).says == "diagnostic payload, reason 999: unknown"


def test_the_compact_form_is_exactly_eight_bytes():
    assert read_payload(compact(4)[:7]) is None
    assert read_payload(compact(4) + b"\0") is None


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.text(st.characters(codec="utf-8"), max_size=60))
def test_the_cbor_form_keeps_code_vendor_and_text(code, pen, text):
    told = read_payload(cbor(code, pen, text))
    assert told.code == code
    assert told.by == ("vendor" if pen else "diagnostic")
    assert text in told.says
    assert not pen or f"number {pen}" in told.says


@given(st.integers(0, 65535), st.text("abc", min_size=1, max_size=40), st.integers(0, 60))
def test_a_cut_payload_never_raises(code, text, end):
    read_payload(cbor(code, None, text)[:end])


@given(st.binary(max_size=300))
def test_no_payload_raises(data):
    told = read_payload(data)
    assert told is None or told.says


@given(st.binary(max_size=60))
def test_no_map_behind_the_magic_raises(data):
    read_payload(b"\x19\x30\x39" + data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"BIG-IP: [0x2c1a5e8:1121] Flow expired (sweeper)", "Flow expired"),
        (b"tcp_close, during connect", "during connect"),
        (b"Go away\r\n\0\0", '"Go away"'),
        (b"abc", None),
        (b"", None),
        (b"\x16\x03\x01\x02\x00\x01", None),
        (b"line\nline", None),
        ("Verbindung beendet für heute".encode(), None),
    ],
)
def test_text_is_told_when_all_of_it_is_printable(data, said):
    told = read_payload(data)
    assert (told is None) == (said is None)
    assert said is None or (told.by == "text" and told.code == -1 and said in told.says)


def declared(folder, host=None, **fields):
    """Facts about one active reset of a server, with these fields."""
    capture = Capture()
    talk = capture.conversation(Host("192.0.2.10"), host or Host("198.51.100.20", hops=4), 40100, 80)
    talk.handshake()
    talk.exchange(payloads.http_request(), payloads.http_answer(300))
    talk.wait(2)
    extra = fields.pop("extra", b"")
    reset = talk.server.abort(**fields)
    reset.options += extra
    facts = Facts(capture, folder)
    return facts, facts.row(reset)


@pytest.mark.parametrize("reason", sorted(MPTCP))
@pytest.mark.parametrize("transient", [False, True])
def test_mp_tcprst_tells_its_reason(tmp_path, reason, transient):
    facts, i = declared(tmp_path, extra=opt.mptcp_reset(reason, transient=transient))
    told = facts.resets.declared.told(i)
    assert facts.resets.declared.mptcp_reason[i]
    assert (told.by, told.code) == ("mptcp", reason)
    assert MPTCP[reason] in told.says
    assert ("transient" in told.says) == transient
    assert not facts.resets.declared.by_device[i]


def test_mp_fastclose_is_told(tmp_path):
    facts, i = declared(tmp_path, extra=opt.mptcp_fastclose(bytes(8)))
    assert facts.resets.declared.mptcp_fastclose[i]
    assert not facts.resets.declared.mptcp_reason[i]
    assert "MP_FASTCLOSE" in facts.resets.declared.told(i).says


ADC = {"layout": "mnwnns", "window": 8190, "scale": 0}


@pytest.mark.parametrize("code", [8196, 9100, 9222, 9300, 9700, 9855])
def test_a_netscaler_code_is_read_from_the_window(tmp_path, code):
    adc = Host("198.51.100.20", os="freebsd", ttl=255, hops=4, changes=ADC)
    facts, i = declared(tmp_path, adc, window=code, flags=RST | ACK, options=b"")
    assert facts.resets.declared.netscaler[i]
    assert facts.resets.declared.by_device[i]
    told = facts.resets.declared.told(i)
    assert (told.by, told.code) == ("netscaler", code)
    assert NETSCALER[code] in told.says


def test_a_window_that_merely_has_the_value_of_a_code_declares_nothing(tmp_path):
    # With timestamps a live socket wrote it; an unchanged window is the sender's own.
    facts, i = declared(tmp_path, window=9300)
    assert not facts.resets.declared.any[i]
    adc = Host("198.51.100.20", os="freebsd", ttl=255, hops=4, changes=ADC | {"window": 9300})
    facts, i = declared(tmp_path, adc, window=9300, options=b"")
    assert facts.resets.declared.told(i) is None


@pytest.mark.parametrize(
    ("payload", "device"),
    [(compact(4), False), (compact(10), True), (compact(4, 9), True), (b"policy deny", True)],
)
def test_a_tcp_s_own_codes_are_not_a_devices(tmp_path, payload, device):
    facts, i = declared(tmp_path, payload=payload)
    assert facts.resets.declared.in_payload[i]
    assert facts.resets.declared.any[i]
    assert facts.resets.declared.by_device[i] == device


def test_binary_payload_in_a_reset_declares_nothing(tmp_path):
    facts, i = declared(tmp_path, payload=bytes(range(40)))
    assert not facts.resets.declared.any[i]
    assert facts.resets.declared.told(i) is None
