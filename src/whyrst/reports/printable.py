"""Text from a capture made harmless for a terminal.

Server names, payload text and file names are written by others. A control byte among them could move the
cursor, recolour or rename the terminal, or hide a line, so none is ever printed: what Unicode does not call
printable is shown as a backslash escape. JSON encoders leave some of it as it is, so their output passes here too.
"""

from __future__ import annotations

import re

from whyrst.capture.errors import shown as printable

_UNSAFE = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""What a terminal may act on beyond 0x00 to 0x1f, which JSON escapes itself (RFC 8259 section 7)."""


def printable_json(encoded: bytes) -> bytes:
    r"""Encoded JSON in which control characters are written as ``\uNNNN``, so that its meaning is the same."""
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded.decode()).encode()


__all__ = ["printable", "printable_json"]
