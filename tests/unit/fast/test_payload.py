from __future__ import annotations

import struct

import pytest

from unit.fast.frames import ethernet, ipv4, tcp
from unit.fast.segments_of import one
from whyrst.fast.layout import Kind


def segment(payload, sport=40000, dport=9999, cut=None):
    packet = ethernet(ipv4(tcp(payload, sport=sport, dport=dport)))
    return one(packet if cut is None else (packet[: len(packet) - len(payload) + cut], len(packet)))


def record(kind, body, version=0x0303, size=None):
    return struct.pack("!BHH", kind, version, len(body) if size is None else size) + body


def client_hello(name=b"example.org", before=b"\x00\x2b\x00\x02\x03\x04"):
    sni = struct.pack("!HBH", len(name) + 3, 0, len(name)) + name
    extensions = before + struct.pack("!HH", 0, len(sni)) + sni
    body = b"\x03\x03" + bytes(32) + b"\x04abcd" + b"\x00\x04\x13\x01\x13\x02" + b"\x01\x00"
    body += struct.pack("!H", len(extensions)) + extensions
    return record(22, b"\x01" + struct.pack("!I", len(body))[1:] + body, 0x0301)


SERVER_HELLO = record(22, b"\x02\x00\x00\x46\x03\x03" + bytes(68))
PG_STARTUP = struct.pack("!II", 20, 0x30000) + b"user\0me\0\0\0\0\0"
GREETING = b"\x0a8.0.36\0" + bytes(60)
BGP_OPEN = b"\xff" * 16 + struct.pack("!HB", 29, 1) + bytes(10)
DNS_QUERY = struct.pack("!HHHHHHH", 29, 7, 0x100, 1, 0, 0, 0) + b"\x07example\x03org\0\0\1\0\1"
TPKT = b"\x03\x00\x00\x13\x0e\xe0\0\0\0\0\0\x01\x00\x08\x00\x03\x00\x00\x00"
RDP_COOKIE = b"\x03\x00\x00\x2a\x25\xe0\0\0\0\0\0Cookie: mstshash=someone\r\n" + bytes(5)
SMB2 = struct.pack("!I", 64) + b"\xfeSMB" + b"\x40\0" + bytes(6) + b"\x05\0" + bytes(50)

CASES = [
    (Kind.TLS_CLIENT_HELLO, -1, client_hello(), {}),
    (Kind.TLS_SERVER_HELLO, -1, SERVER_HELLO, {}),
    (Kind.TLS_HANDSHAKE, -1, record(22, bytes(range(64, 104))), {}),
    (Kind.TLS_ALERT, 0x0228, record(21, b"\x02\x28"), {}),
    (Kind.TLS_ALERT, -1, record(21, bytes(26)), {}),
    (Kind.TLS_DATA, -1, record(23, bytes(100)), {}),
    (Kind.TLS_CCS, -1, record(20, b"\x01"), {}),
    (Kind.OTHER, -1, record(23, b"x" * 20, version=0x0505), {}),
    (Kind.OTHER, -1, record(23, b"x" * 20, size=30000), {}),
    (Kind.HTTP_REQUEST, -1, b"GET / HTTP/1.1\r\n\r\n", {}),
    (Kind.HTTP_REQUEST, -1, b"POST /form HTTP/1.1\r\n", {}),
    (Kind.HTTP_REQUEST, -1, b"OPTIONS * HTTP/1.1\r\n", {}),
    (Kind.HTTP_REQUEST, -1, b"DELETE /x HTTP/1.1\r\n", {}),
    (Kind.HTTP_REQUEST, -1, b"PATCH /x HTTP/1.1\r\n", {}),
    (Kind.HTTP_REQUEST, -1, b"PROPFIND /x HTTP/1.1\r\n", {}),
    (Kind.HTTP_REQUEST, -1, b"CONNECT example.org:443 HTTP/1.1\r\n", {}),
    (Kind.HTTP_REQUEST, -1, b"GET http://example.org/ HTTP/1.0\r\n", {}),
    (Kind.OTHER, -1, b"GET key\r\n", {}),
    (Kind.OTHER, -1, b"GETAWAY", {}),
    (Kind.HTTP_RESPONSE, 503, b"HTTP/1.1 503 Service Unavailable\r\n", {}),
    (Kind.OTHER, -1, b"HTTP/1.1 abc", {}),
    (Kind.HTTP2_PREFACE, -1, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {}),
    (Kind.SMB, 5, SMB2, {"dport": 445}),
    (Kind.SMB, 0x72, struct.pack("!I", 40) + b"\xffSMB\x72" + bytes(35), {"dport": 139}),
    (Kind.SSH, -1, b"SSH-2.0-OpenSSH_9.9\r\n", {}),
    (Kind.SMTP, 421, b"421 too many connections\r\n", {"sport": 25}),
    (Kind.SMTP, 220, b"220 mx.example.org ESMTP\r\n", {}),
    (Kind.FTP, 530, b"530-Login incorrect\r\n", {"sport": 21}),
    (Kind.FTP, 220, b"220 Welcome to FTP service\r\n", {}),
    (Kind.OTHER, -1, b"220 items found\r\n", {}),
    (Kind.REDIS, -1, b"*1\r\n$4\r\nPING\r\n", {}),
    (Kind.REDIS, -1, b"+PONG\r\n", {"sport": 6379}),
    (Kind.REDIS, -1, b":12\r\n", {"sport": 6379}),
    (Kind.REDIS, -1, b"$5\r\nvalue\r\n", {}),
    (Kind.OTHER, -1, b"+OK POP3 ready\r\n", {"sport": 110}),
    (Kind.OTHER, -1, b"*1x", {}),
    (Kind.MYSQL, -1, struct.pack("<I", len(GREETING)) + GREETING, {"sport": 3306}),
    (Kind.MYSQL, 1040, struct.pack("<I", 23) + b"\xff\x10\x04Too many connections", {"sport": 3306}),
    (Kind.OTHER, -1, struct.pack("<I", len(GREETING) + 1) + GREETING, {"sport": 3306}),
    (Kind.POSTGRES, 80877103, struct.pack("!II", 8, 80877103), {}),
    (Kind.POSTGRES, 0x30000, PG_STARTUP, {}),
    (Kind.DNS, -1, DNS_QUERY, {"dport": 53}),
    (Kind.OTHER, -1, DNS_QUERY, {}),
    (Kind.RDP, -1, TPKT, {"dport": 3389}),
    (Kind.OTHER, -1, TPKT, {"dport": 102}),
    (Kind.RDP, -1, RDP_COOKIE, {}),
    (Kind.LDAP, -1, bytes.fromhex("300c020101600702010304008000"), {"dport": 389}),
    (Kind.LDAP, -1, bytes.fromhex("308400000010020101608400000007020103040080 00"), {"sport": 389}),
    (Kind.BGP, 1, BGP_OPEN, {"dport": 179}),
    (Kind.MQTT, -1, b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", {}),
    (Kind.MQTT, -1, b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00", {}),
    (Kind.PROXY_V1, -1, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", {}),
    (Kind.PROXY_V2, -1, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12), {}),
    (Kind.ZEROS, -1, b"\0", {}),
    (Kind.ZEROS, -1, bytes(6), {}),
    (Kind.OTHER, -1, bytes(9), {}),
    (Kind.OTHER, -1, b"\xf7\x01random", {}),
    (Kind.NONE, -1, b"", {}),
]


LABELLED = [(kind, payload, ports) for kind, _, payload, ports in CASES if kind != Kind.OTHER]


@pytest.mark.parametrize(("kind", "info", "payload", "ports"), CASES)
def test_kinds(kind, info, payload, ports):
    got = segment(payload, **ports)
    assert (Kind(got.kind), got.kind_info) == (kind, info)


@pytest.mark.parametrize(("kind", "payload", "ports"), LABELLED)
def test_a_cut_payload_is_never_another_protocol(kind, payload, ports):
    allowed = {kind, Kind.OTHER, Kind.HIDDEN, Kind.ZEROS, Kind.NONE}
    if kind in {Kind.TLS_CLIENT_HELLO, Kind.TLS_SERVER_HELLO}:
        allowed.add(Kind.TLS_HANDSHAKE)
    for size in range(len(payload)):
        assert Kind(segment(payload, **ports, cut=size).kind) in allowed


def test_hidden_payload():
    assert segment(b"GET / HTTP/1.1\r\n", cut=0).kind == Kind.HIDDEN


def name(got):
    return got.buffer[got.name_at : got.name_at + got.name_length]


def test_server_names():
    assert name(segment(client_hello())) == b"example.org"
    assert name(segment(client_hello(b"a" * 255))) == b"a" * 255
    assert name(segment(client_hello(b"a" * 256))) == b""
    hello = client_hello(b"example.org", before=b"\x00\x15\x03\x00" + bytes(768))
    assert name(segment(hello)) == b"example.org"
    assert segment(hello[:500]).kind == Kind.TLS_CLIENT_HELLO
    assert name(segment(hello[:500])) == b""
    for size in range(len(client_hello()) - 1):
        assert name(segment(client_hello()[:size])) == b""


def test_host_headers():
    assert name(segment(b"GET / HTTP/1.1\r\nAccept: */*\r\nHost: example.org:8080\r\n\r\n")) == b"example.org:8080"
    assert name(segment(b"GET / HTTP/1.1\nhOST:\texample.org\n\n")) == b"example.org"
    assert name(segment(b"POST / HTTP/1.1\r\nX-Host: no\r\n\r\nHost: body\r\n")) == b""
    assert name(segment(b"GET / HTTP/1.1\r\nHost: cut.exam")) == b""
    assert name(segment(b"GET / HTTP/1.1\r\nA: " + b"a" * 1100 + b"\r\nHost: far\r\n\r\n")) == b""
    assert name(segment(b"GET / HTTP/1.1\r\nHost: " + b"a" * 300 + b"\r\n\r\n")) == b""
