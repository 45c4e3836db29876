"""HTML elements; whatever stands in them is escaped here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.reports.svg.markup import escape

if TYPE_CHECKING:
    from whyrst.reports.html.fields import Field, Item

SPOKEN = {"+": "for", "-": "against", "?": "unknown"}
"""What a mark says."""


def tag(name: str, inner: str, **attributes: str) -> str:
    """An element around markup; attributes are escaped, `inner` is markup already."""
    given = "".join(f' {key.strip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{inner}</{name}>"


def say(name: str, text: str, **attributes: str) -> str:
    """An element around text."""
    return tag(name, escape(text), **attributes)


def harm_dot(level: str) -> str:
    """A spot in the colour of a harm; the word stands beside it."""
    return f'<i class="dot {level}"></i>'


def listed(fields: list[Field]) -> str:
    """The fields of one verdict."""
    inner = "".join(
        say("dt", one.label) + tag("dd", "".join(_item(item, one.label) for item in one.items)) for one in fields
    )
    return tag("dl", inner, class_="fields")


def _item(item: Item, label: str) -> str:
    if label == "look further":
        return tag("p", say("code", item.says))
    sign = badge = ""
    if item.mark:
        sign = tag("b", escape(item.mark) + say("span", f" {SPOKEN[item.mark]}: ", class_="hidden"), class_="sign")
    if item.number:
        badge = tag("b", say("span", "mark ", class_="hidden") + str(item.number), class_="badge")
    return tag("p", f"{sign}{escape(item.says)}{badge}")
