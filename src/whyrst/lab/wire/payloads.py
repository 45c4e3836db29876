"""First bytes of the protocols that scripts speak."""

from __future__ import annotations

import hashlib
import struct


def noise(size: int, seed: str = "") -> bytes:
    """Bytes that look encrypted, the same in every run."""
    found = b""
    while len(found) < size:
        found += hashlib.sha256(f"{seed} {len(found)}".encode()).digest()
    return found[:size]


def http_request(path: str = "/", host: str = "www.example.net", method: str = "GET", body: int = 0) -> bytes:
    """Head of an HTTP/1.1 request that announces a body of that many bytes."""
    length = f"Content-Length: {body}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n{length}\r\n".encode()


def http_answer(size: int = 100, status: str = "200 OK", *, extra: str = "") -> bytes:
    """HTTP/1.1 answer with a body of that many bytes."""
    head = f"HTTP/1.1 {status}\r\nServer: nginx\r\nContent-Length: {size}\r\n{extra}\r\n".encode()
    return head + (b"0123456789abcdef" * (size // 16 + 1))[:size]


def tls_record(kind: int, body: bytes) -> bytes:
    """TLS record (RFC 8446 section 5.1): 20 cipher change, 21 alert, 22 handshake, 23 data."""
    return struct.pack("!BHH", kind, 0x0303, len(body)) + body


def _handshake(kind: int, body: bytes) -> bytes:
    return tls_record(22, struct.pack("!B", kind) + len(body).to_bytes(3, "big") + body)


def client_hello(name: str) -> bytes:
    """TLS 1.3 ClientHello with a server name, padded to 512 bytes as browsers do (RFC 7685)."""
    host = name.encode("ascii")
    listed = struct.pack("!BH", 0, len(host)) + host
    extensions = struct.pack("!HHH", 0, len(listed) + 2, len(listed)) + listed
    extensions += struct.pack("!HHBH", 43, 3, 2, 0x0304)
    extensions += struct.pack("!HHHHH", 51, 38, 36, 29, 32) + noise(32, "share " + name)
    start = struct.pack("!H", 0x0303) + noise(32, "random " + name) + b"\x20" + noise(32, "session " + name)
    start += struct.pack("!HHHH", 6, 0x1301, 0x1302, 0x1303) + b"\x01\x00"
    padding = max(0, 508 - len(start) - 2 - len(extensions) - 4)
    extensions += struct.pack("!HH", 21, padding) + bytes(padding)
    return _handshake(1, start + struct.pack("!H", len(extensions)) + extensions)


def server_hello(rest: int = 2200) -> bytes:
    """TLS 1.3 ServerHello, a cipher change and `rest` bytes of encrypted handshake."""
    extensions = struct.pack("!HHH", 43, 2, 0x0304) + struct.pack("!HHHH", 51, 36, 29, 32) + noise(32, "server share")
    body = struct.pack("!H", 0x0303) + noise(32, "server random") + b"\x20" + noise(32, "server session")
    body += struct.pack("!HB", 0x1301, 0) + struct.pack("!H", len(extensions)) + extensions
    return _handshake(2, body) + tls_record(20, b"\x01") + tls_data(rest)


def tls_data(size: int) -> bytes:
    """One record of encrypted data."""
    return tls_record(23, noise(size, "data"))


def tls_alert(level: int = 1, description: int = 0) -> bytes:
    """Alert in the clear, as before encryption begins; 1, 0 is close_notify."""
    return tls_record(21, bytes([level, description]))


def tls_sealed_alert() -> bytes:
    """Encrypted alert of TLS 1.2 with AES-GCM: 31 bytes on the wire."""
    return tls_record(21, noise(26, "alert"))


def smb_negotiate() -> bytes:
    """SMB2 NEGOTIATE in its NetBIOS frame (MS-SMB2 section 2.2.3)."""
    head = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ16x", 64, 0, 0, 0, 31, 0, 0, 0, 0xFEFF, 0, 0)
    body = struct.pack("<HHHHI16sQHH", 36, 2, 1, 0, 0x7F, noise(16, "guid"), 0, 0x0202, 0x0210)
    return struct.pack("!I", len(head + body)) + head + body
