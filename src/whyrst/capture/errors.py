"""What can be wrong with a capture: `CaptureError` when nothing could be read,
`whyrst.model.Damage` when only a part could, `FilterError` when it is not clear what to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whyrst.model import Damage

STDIN = "-"
"""The path that stands for standard input."""


def shown(text: str) -> str:
    """Make a name safe to print on one line: what is not printable, and bytes that are no UTF-8, become escapes."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(one: str) -> str:
    if "\udc80" <= one <= "\udcff":  # PEP 383: a byte of a file name that is no UTF-8
        return f"\\x{ord(one) - 0xDC00:02x}"
    return one.encode("unicode_escape").decode("ascii")


def named(path: str) -> str:
    """Name a source of packets in a message."""
    return "standard input" if path == STDIN else shown(path)


def described(path: str, offset: int, reason: str) -> str:
    """Say on one line where and why a capture could not be read."""
    return f"{named(path)}: byte {offset}: {reason}"


def damage_line(damage: Damage) -> str:
    """Say on one line where and why a capture could not be read on."""
    return described(damage.path, damage.offset, damage.reason)


class CaptureError(Exception):
    """A source of which no packet could be read.

    Attributes:
        path: As the user gave it.
        offset: Byte of the (decompressed) file at which reading failed.
        reason: What was wrong there.
    """

    def __init__(self, path: str, offset: int, reason: str) -> None:
        super().__init__(path, offset, reason)
        self.path = path
        self.offset = offset
        self.reason = reason

    def __str__(self) -> str:
        return described(self.path, self.offset, self.reason)


class FilterError(ValueError):
    """A capture filter that cannot be used; the text is libpcap's own where it has one."""


__all__ = ["STDIN", "CaptureError", "FilterError", "damage_line", "described", "named", "shown"]
