"""The few elements that the pictures are made of. What comes from a capture is escaped here, and only here."""

from __future__ import annotations

from html import escape as _escape

from whyrst.reports.printable import printable

ADVANCE = 6.95
"""Width of a character of the monospaced text, in user units: 11.5 times the widest usual advance, 0.604."""


def escape(text: str) -> str:
    """Text for an element or a quoted attribute, with control characters and bidi marks made visible."""
    return _escape(printable(text))


def number(value: float) -> str:
    """A coordinate, short.

    >>> number(12.0), number(3.14159)
    ('12', '3.1')
    """
    return f"{value:.1f}".removesuffix(".0")


def text(x: float, y: float, says: str, classes: str = "text") -> str:
    """A line of text."""
    return f'<text x="{number(x)}" y="{number(y)}" class="{classes}">{escape(says)}</text>'


def path(points: list[tuple[float, float]], classes: str) -> str:
    """Straight lines from point to point."""
    drawn = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return f'<path class="{classes}" d="M{drawn}"/>'


def box(x: float, y: float, width: float, height: float, classes: str, radius: float = 0) -> str:
    """A rectangle."""
    rounded = f' rx="{number(radius)}"' if radius else ""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"{rounded} '
        f'class="{classes}"/>'
    )


def cut(says: str, room: float) -> str:
    """A text with its middle left out until it fits, so that an address keeps both ends.

    >>> cut("[2001:db8:1:2:3:4:5:6]:443", 140)
    '[2001:db8…:5:6]:443'
    """
    most = max(int(room / ADVANCE), 3)
    if len(says) <= most:
        return says
    tail = (most - 1) // 2
    return f"{says[: most - 1 - tail]}…{says[len(says) - tail :]}"


def document(width: float, height: float, title: str, description: str, body: list[str], style: str = "") -> str:
    """A whole picture.

    Args:
        width: in user units; the picture scales with its place.
        height: likewise.
        title: its accessible name.
        description: its accessible description.
        body: elements.
        style: style sheet, for a picture that stands alone.
    """
    size = f"{number(width)} {number(height)}"
    alone = f"<style>\n{style}</style>" if style else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="whyrst" viewBox="0 0 {size}" width="{number(width)}" '
        f'height="{number(height)}" role="img">\n<title>{escape(title)}</title><desc>{escape(description)}</desc>'
        f"{alone}\n" + "\n".join(body) + "\n</svg>\n"
    )
